// The kernels for AVX2 and FMA. The target region starts after every standard header, so that
// no shared template is compiled for a processor that may lack it.
#if defined(__x86_64__)
#include "kernels/kernels.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/philox.h"
#include "kernels/pack.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

namespace charlm {
namespace avx2 {
#include "kernels/lanes_avx2.h"
#include "kernels/kernels.inc"
}  // namespace avx2
}  // namespace charlm

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace charlm {

const Kernels& avx2_kernels() {
    static constexpr Kernels kernels = avx2::table("avx2");
    return kernels;
}

}  // namespace charlm
#endif
