// The floating-point mode every decoding thread runs in: round to nearest, subnormals kept.
// A library in the same process may have set another one; ours is set on entry and undone.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace charlm {

class StandardRounding {
  public:
#if defined(__x86_64__)
    StandardRounding() : saved_(_mm_getcsr()) { _mm_setcsr(0x1F80); }
    ~StandardRounding() { _mm_setcsr(saved_); }
#elif defined(__aarch64__)
    StandardRounding() {
        asm volatile("mrs %0, fpcr" : "=r"(saved_));
        set(0);
    }
    ~StandardRounding() { set(saved_); }
#else
    StandardRounding() {}  // written out: so a variable of it is not called unused
#endif
    StandardRounding(const StandardRounding&) = delete;
    StandardRounding& operator=(const StandardRounding&) = delete;

#if defined(__x86_64__)
  private:
    std::uint32_t saved_;
#elif defined(__aarch64__)
  private:
    static void set(std::uint64_t mode) { asm volatile("msr fpcr, %0" ::"r"(mode)); }
    std::uint64_t saved_;
#endif
};

}  // namespace charlm
