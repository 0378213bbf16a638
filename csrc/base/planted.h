// Bugs in the builds of `make asan` and `make tsan` alone, each dormant until the environment
// names it: by them the targets see that such a bug would be caught.
#pragma once

#include <cstddef>

#ifdef CHARLM_PLANT_BUGS
#include <climits>
#include <cstdlib>
#include <string_view>
#endif

namespace charlm::planted {

#ifdef CHARLM_PLANT_BUGS

inline bool is_named(std::string_view bug) {
    const char* name = std::getenv("CHARLM_PLANTED_BUG");
    return name != nullptr && name == bug;
}

// How far a copy goes past the end of what it fills.
inline std::size_t past_the_end() {
    static const bool named = is_named("address");
    return named ? 1 : 0;
}

// Counts the shards of all threads in one number that nothing guards or keeps in range.
inline void count_shard() {
    static const bool named = is_named("race") || is_named("overflow");
    static volatile int count = is_named("overflow") ? INT_MAX : 0;
    if (named) count = count + 1;
}

#else

constexpr std::size_t past_the_end() { return 0; }
constexpr void count_shard() {}

#endif

}  // namespace charlm::planted
