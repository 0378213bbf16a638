// What every session shares: shards, one per thread, that are advanced side by side.
//
// A shard runs its own rows and never waits for another, so one may be some positions ahead
// when the time is used up; it keeps what is not yet handed out. A shard has:
//     bool done() const           nothing left to produce
//     std::size_t produced() const  positions produced so far
//     void step()                 one position, of a prompt or of what follows it, or a part of
//                                 one: short, whatever the number of rows
//     Stepper& stepper()          that of its steps
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/parallel.h"
#include "model/step_model.h"

namespace charlm {

// Splits `count` things into at most `threads` runs of nearly equal length.
inline std::vector<std::size_t> split_evenly(std::size_t count, std::size_t threads) {
    check(threads >= 1 && threads <= 1024, "threads must be from 1 to 1024");
    const std::size_t parts = std::max<std::size_t>(1, std::min(count, threads));
    std::vector<std::size_t> bounds;
    for (std::size_t i = 0; i <= parts; ++i) bounds.push_back(count * i / parts);
    return bounds;
}

// What every decoder is told of lengths, checked.
inline void check_limits(std::int64_t max_length, std::int64_t min_length,
                         std::size_t no_repeat_ngram) {
    check(max_length >= 0, "max_length must be 0 or more");
    check(min_length >= 0, "min_length must be 0 or more");
    check(no_repeat_ngram < 1u << 16, "no_repeat_ngram must be from 0 to 65535");
}

// In one call: a bound that keeps counts of positions from overflowing.
inline constexpr std::size_t kMostPositions = std::size_t{1} << 31;

// Fewer positions in one call are not worth the start of a team.
inline constexpr std::size_t kWorthATeam = 16;

// Advances every shard by up to n positions, or until budget_ms is used (each makes at least
// one step). Threads that no shard needs help with the steps of those there are. Returns how
// many of the n positions are ready in all of them.
template <class Shard>
std::size_t advance_shards(std::vector<Shard>& shards, std::size_t threads, std::size_t delivered,
                           std::size_t n, double budget_ms) {
    check(budget_ms >= 0, "budget_ms must be 0 or more");
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const auto used = [&] {
        return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    };
    const std::size_t target = delivered + std::min(n, kMostPositions);
    const std::size_t each = n < kWorthATeam || shards.empty() ? 1 : threads / shards.size();
    for_each_shard(shards, [&](Shard& shard) {
        Team team(each);
        Stepper& stepper = shard.stepper();
        for (double begun = used(); !shard.done() && shard.produced() < target;) {
            stepper.team = each > 1 && stepper.shares.way() ? &team : nullptr;
            shard.step();
            const double now = used();
            if (each > 1) stepper.shares.took(now - begun);
            begun = now;
            if (now >= budget_ms) break;
        }
        stepper.team = nullptr;
    });
    std::size_t ready = target, longest = 0;
    bool all_done = true;
    for (const Shard& shard : shards) {
        longest = std::max(longest, shard.produced());
        if (shard.done()) continue;
        all_done = false;
        ready = std::min(ready, shard.produced());
    }
    if (all_done) ready = std::min(ready, longest);
    return ready - delivered;
}

// Of the prompts of all shards: how many ids have been fed, of how many. What two shards feed
// counts twice.
template <class Shard>
std::pair<std::size_t, std::size_t> prompt_progress(const std::vector<Shard>& shards) {
    std::size_t fed = 0, all = 0;
    for (const Shard& shard : shards) {
        const auto [some, of] = shard.prompts().progress();
        fed += some;
        all += of;
    }
    return {fed, all};
}

}  // namespace charlm
