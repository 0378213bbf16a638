// The floating-point mode every decoding thread runs in: round to nearest, subnormals kept.
// A library in the same process may have set another one; ours is set on entry and undone.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace charlm {

class StandardRounding {
  public:
#if defined(__x86_64__)
    StandardRounding() : saved_(_mm_getcsr()) { _mm_setcsr(0x1F80); }
    ~StandardRounding() { _mm_setcsr(saved_); }
#else
    StandardRounding() = default;
#endif
    StandardRounding(const StandardRounding&) = delete;
    StandardRounding& operator=(const StandardRounding&) = delete;

#if defined(__x86_64__)
  private:
    unsigned saved_;
#endif
};

}  // namespace charlm
