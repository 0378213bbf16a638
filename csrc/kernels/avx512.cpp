// The kernels for AVX-512 with its int8 products (VNNI). The target region starts after every
// standard header, so that no shared template is compiled for a processor that may lack it.
#if defined(__x86_64__)
#if !defined(__clang__)
// gcc 12 warns of its own intrinsics, which begin with a register they mean to leave undefined.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include "kernels/kernels.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/philox.h"
#include "kernels/pack.h"

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512vnni"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512vnni")
#endif

namespace charlm {
namespace avx512 {
#include "kernels/lanes_avx512.h"
#include "kernels/kernels.inc"
}  // namespace avx512
}  // namespace charlm

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace charlm {

const Kernels& avx512_kernels() {
    static constexpr Kernels kernels = avx512::table("avx512");
    return kernels;
}

}  // namespace charlm
#endif
