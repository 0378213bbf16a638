// The loops of the engine, as one table of functions per instruction set.
//
// Every table gives the same bits: an element of a product is one float32 accumulator that
// starts at zero and takes one fused multiply-add per k, in order; element-wise code uses only
// IEEE + - * /, fma, selects and integers; sums and maxima run on 16 lanes and one fixed tree.
// The number of rows, tiles and threads is free.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/aligned.h"

namespace charlm {

// Blocks of 16 output columns lie in groups of four: [group][k][block of the group][16].
inline constexpr std::size_t kGroup = 4;

// out[n] = (sum_k x[n][k] W[k]) over x, then over h, then + last[n]; row by row.
struct Product {
    std::size_t rows;             // N
    const float* const* x;        // N rows of x_size, or null when x_size is 0
    std::size_t x_size;
    const float* const* h;        // N rows of h_size
    std::size_t h_size;
    const float* weights;         // packed, x_size + h_size rows of `blocks` blocks
    std::size_t blocks;
    const float* const* last;     // N rows of blocks * 16: bias, or the row of a table
    float* const* out;            // N rows of blocks * 16
};

// What names one random number: see decode/sampler.h.
struct NoiseKey {
    std::uint64_t seed;
    std::uint32_t sample, position, slot;
};

struct Kernels {
    const char* name;
    void (*product)(const Product&);

    // Element-wise parts of the cells. `gates`: pre-activations, blocks interleaved by gate
    // (block b, gate g of G at 16 * (b * G + g)); states: rows of blocks * 16.
    void (*rnn)(const float* gates, float* h, std::size_t blocks);
    void (*lstm)(const float* gates, const float* c_in, float* c, float* h, std::size_t blocks);
    void (*gru_reset)(const float* gates, const float* h_in, float* reset_h, std::size_t blocks);
    void (*gru_update)(const float* gates, const float* candidate, const float* h_in, float* h,
                       std::size_t blocks);

    // Over ids [0, padded n); an id counts where mask is all ones, not where it is zero.
    float (*max)(const float* x, const std::int32_t* mask, std::size_t n);
    void (*divide)(const float* x, float divisor, float* out, std::size_t n);
    float (*exp_sum)(const float* x, const std::int32_t* mask, float max, float* out,
                     std::size_t n);  // out = exp(x - max), 0 where masked; returns the sum
    float (*sum)(const float* x, const std::int32_t* mask, std::size_t n);
    // The sum of mass * (x - shift) over all n.
    float (*weighted_sum)(const float* x, const float* mass, float shift, std::size_t n);
    // out = -|x - shift - mean|.
    void (*nearness)(const float* x, float shift, float mean, float* out, std::size_t n);
    bool (*all_finite)(const float* x, std::size_t n);
    // The mass of the ids ahead of (value, id) in the order (x descending, id ascending).
    float (*mass_ahead)(const float* x, const float* mass, float value, std::int32_t id,
                        std::size_t n);
    // Takes out of the mask every id that is not ahead of (value, id).
    void (*keep_ahead)(const float* x, std::int32_t* mask, float value, std::int32_t id,
                       std::size_t n);
    // out = logits + temperature * Gumbel noise.
    void (*perturb)(const float* logits, float temperature, const NoiseKey& key, float* out,
                    std::size_t n);
    float (*log)(float x);

    // The functions themselves, element by element, for the tests.
    void (*map)(char function, const float* x, float* out, std::size_t n);
};

// The best table for this processor, or the one that CHARLM_FORCE_ISA names (avx2, portable).
const Kernels& select_kernels();

const Kernels& portable_kernels();
#if defined(__x86_64__)
const Kernels& avx2_kernels();
#endif

}  // namespace charlm
