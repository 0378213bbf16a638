// Threads that share out the parts of one short piece of work, again and again: the blocks of a
// product too large for one thread's caches. It lives as long as one `advance`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <thread>
#include <vector>

#include "base/rounding.h"

namespace charlm {

class Team {
  public:
    // Of `size` threads, the caller's among them; the others start when there is work for them.
    explicit Team(std::size_t size) : size_(size) {}
    ~Team() {
        closing_ = true;
        begin_round();
    }
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    std::size_t size() const { return size_; }

    // Calls part(i) for i in [0, size), each on a thread of its own, and waits for all. The
    // parts must not throw.
    template <class Part>
    void run(const Part& part) {
        start();
        call_ = [](const void* context, std::size_t place) {
            (*static_cast<const Part*>(context))(place);
        };
        context_ = &part;
        left_.store(threads_.size(), std::memory_order_relaxed);
        begin_round();
        part(0);
        for (std::size_t i = threads_.size() + 1; i < size_; ++i) part(i);
        for (int spins = 0; left_.load(std::memory_order_acquire) != 0; ++spins)
            spins < kSpins ? relax() : std::this_thread::yield();
    }

  private:
    // About 50 microseconds: the caller draws a character in less, and comes again.
    static constexpr int kSpins = 2000;

    static void relax() {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }

    void start() {
        if (started_) return;
        started_ = true;
        try {
            while (threads_.size() + 1 < size_)
                threads_.emplace_back([this, place = threads_.size() + 1] { work(place); });
        } catch (const std::system_error&) {
            // No more threads to be had: the caller's does what is left.
        }
    }

    void begin_round() {
        round_.fetch_add(1, std::memory_order_release);
        round_.notify_all();
    }

    void work(std::size_t place) {
        [[maybe_unused]] const StandardRounding rounding;
        for (std::uint32_t seen = 0;; ++seen) {
            for (int spins = 0; spins < kSpins && round_.load(std::memory_order_acquire) == seen;
                 ++spins)
                relax();
            round_.wait(seen, std::memory_order_acquire);
            if (closing_) return;
            call_(context_, place);
            left_.fetch_sub(1, std::memory_order_release);
        }
    }

    std::size_t size_;
    bool started_ = false;
    void (*call_)(const void*, std::size_t) = nullptr;
    const void* context_ = nullptr;
    bool closing_ = false;
    alignas(64) std::atomic<std::uint32_t> round_{0};
    alignas(64) std::atomic<std::size_t> left_{0};
    std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace charlm
