// The loops of the engine, as one table of functions per instruction set.
//
// Every table gives the same bits: an element of a product is one float32 accumulator that
// starts at zero and takes one fused multiply-add per k, in order; element-wise code uses only
// IEEE + - * /, fma, selects and integers; sums and maxima run on 16 lanes and one fixed tree.
// The number of rows, tiles and threads is free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned.h"
#include "kernels/training.h"

namespace charlm {

// sum_k x[n][k] W[k], on over h, then + last[n]: the rows that a cell or the output starts from.
struct Product {
    std::size_t rows;       // N
    const float* const* x;  // N rows of x_size, or null when x_size is 0
    std::size_t x_size;
    const float* const* h;  // N rows of h_size
    std::size_t h_size;
    const float* weights;      // packed (see pack.h), x_size + h_size rows of `blocks` blocks
    std::size_t blocks;        // of 16 columns
    const float* const* last;  // N rows of blocks * 16: bias, or the row of a table
    std::size_t from = 0, to = blocks;  // the blocks to compute; `from` is a multiple of 4
};

// The same in int8: four k lie side by side in a column, so x_size and h_size count fours. The
// sums are integers, exact in any order; times the column's scale, they join `last`.
struct Int8Product {
    std::size_t rows;
    const std::int8_t* const* x;  // quantized: see Kernels::quantize
    std::size_t x_size;
    const std::int8_t* const* h;
    std::size_t h_size;
    const std::int8_t* weights;  // in [-127, 127]
    std::size_t blocks;
    const float* const* last;
    const float* scale;          // blocks * 16: of a product of integers
    const std::int32_t* offset;  // blocks * 16: -128 sum_k W[k]
    std::size_t from = 0, to = blocks;
};

// The most vectors of a state, and between the products of a cell.
inline constexpr std::size_t kCellVectors = 2;

// What a cell reads and writes beside its product: for each vector N rows of units. The first of
// a state is h; what is written of it lies apart from `in` and from the product's operands.
struct CellRows {
    const float* const* in[kCellVectors];  // the old state
    float* const* out[kCellVectors];       // the new one
    float* const* scratch[kCellVectors];   // what one product of a cell leaves for the next
};

// What follows one product of a cell while it is in the cache. Columns: blocks of 16 units,
// interleaved by gate (block b, gate g of G at 16 * (b * G + g)).
template <class P>
struct CellStep {
    const char* name;
    void (*run)(const P& product, const CellRows& rows);
};

// What may follow a product: the output, or a step of a cell, found by its name.
template <class P>
struct Cells {
    void (*linear)(const P& product, float* const* out);
    std::span<const CellStep<P>> steps;
};

// What names the random numbers of one row at one position: see decode/sampler.h.
struct NoiseKey {
    std::uint64_t key;
    std::uint32_t sample, position, slot;
};

struct Kernels {
    const char* name;
    std::size_t packed_group;  // blocks side by side in memory: see pack.h

    Cells<Product> cells;
    Cells<Int8Product> int8_cells;
    // x in (-1, 1) -> round(127 x), for n padded to 16.
    void (*quantize)(const float* x, std::int8_t* out, std::size_t n);

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
    // Lists, ascending, the ids in the mask with x >= least into ids[n]; returns how many.
    std::size_t (*list_from)(const float* x, const std::int32_t* mask, float least,
                             std::int32_t* ids, std::size_t n);
    // out = logits + temperature * Gumbel noise.
    void (*perturb)(const float* logits, float temperature, const NoiseKey& key, float* out,
                    std::size_t n);
    float (*log)(float x);

    TrainingKernels training;

    // The functions themselves, element by element, for the tests.
    void (*map)(char function, const float* x, float* out, std::size_t n);
};

// The tables that this processor can run, best first.
std::vector<const Kernels*> runnable_kernels();
// The best of them, or the one that CHARLM_FORCE_ISA names (avx512, avx2,
// portable).
const Kernels& select_kernels();

const Kernels& portable_kernels();
#if defined(__x86_64__)
const Kernels& avx2_kernels();
const Kernels& avx512_kernels();
#endif

}  // namespace charlm
