// Runs one task on each of several shards, each on a thread of its own; the first on the
// caller's. A session calls this once per `advance`, so starting threads costs little beside it.
#pragma once

#include <exception>
#include <mutex>
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
        for (std::size_t i = 1; i < shards.size(); ++i)
            threads.emplace_back([&run, &shard = shards[i]] { run(shard); });
        if (!shards.empty()) run(shards.front());
    }
    if (failure) std::rethrow_exception(failure);
}

}  // namespace charlm
