// Runs one task on each of several shards, each on a thread of its own; the first on the
// caller's. A session calls this once per `advance`, so starting threads costs little beside it.
#pragma once

#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/rounding.h"

namespace charlm {

template <class Shard, class Task>
void for_each_shard(std::vector<Shard>& shards, Task task) {
    std::exception_ptr failure;
    std::mutex guard;
    const auto run = [&](Shard& shard) {
        const StandardRounding rounding;
        try {
            task(shard);
        } catch (...) {
            const std::lock_guard lock(guard);
            failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> threads;
        threads.reserve(shards.size());
        std::size_t started = 1;
        try {
            for (; started < shards.size(); ++started)
                threads.emplace_back([&run, &shard = shards[started]] { run(shard); });
        } catch (const std::system_error&) {
            // No more threads to be had: the caller's does what is left.
        }
        if (!shards.empty()) run(shards.front());
        for (; started < shards.size(); ++started) run(shards[started]);
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace charlm
