// Bugs in the builds of `make asan` and `make tsan` alone, each dormant until the environment
// names it: by them the targets see that such a bug would be caught.
//
// The engine knows nothing of them. tests/support/sanitise.py links this in and lets the linker put
// it in the way of Sampler::draw (ld's --wrap), which a session calls on every thread of its own.
// SEAM is that function's name to the linker.
#include <climits>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "decode/sampler.h"

namespace {

bool is_named(std::string_view bug) {
    const char* name = std::getenv("CHARLM_PLANTED_BUG");
    return name != nullptr && name == bug;
}

void write_past_the_end() {
    static const bool named = is_named("address");
    if (!named) return;
    std::vector<int> numbers(16);
    int* volatile end = numbers.data() + numbers.size();
    *end = 1;
}

// Counts the draws of all threads in one number that nothing guards or keeps in range.
void count_draws() {
    static const bool named = is_named("race") || is_named("overflow");
    static volatile int count = is_named("overflow") ? INT_MAX : 0;
    if (named) count = count + 1;
}

}  // namespace

namespace charlm {

std::int32_t real_draw(Sampler* sampler, const float* logits, const std::int32_t* allowed,
                       const NoiseKey& key) asm("__real_" SEAM)
    __attribute__((weak));  // charlm._training has no sampler
std::int32_t planted_draw(Sampler* sampler, const float* logits, const std::int32_t* allowed,
                          const NoiseKey& key) asm("__wrap_" SEAM);

std::int32_t planted_draw(Sampler* sampler, const float* logits, const std::int32_t* allowed,
                          const NoiseKey& key) {
    write_past_the_end();
    count_draws();
    return real_draw(sampler, logits, allowed, key);
}

}  // namespace charlm
