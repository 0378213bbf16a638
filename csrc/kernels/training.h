// The loops of training: a cell that keeps what its gates came to, the way back, the gradients of
// weights, dropout and the update. One table per instruction set, the same bits in all, as in
// kernels.h; `Kernels::training` holds it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace charlm {

struct Product;
struct CellRows;

// The most products of a cell.
inline constexpr std::size_t kCellProducts = 2;
// Rows of an outer sum that are added up before they join the whole.
inline constexpr std::size_t kOuterRows = 128;

// What a cell leaves at one time, for N rows, beside its new state.
struct TapeRows {
    float* const* gates[kCellProducts];  // of each product: what its gates came to, in columns
    const float* const* keep;            // N rows of units: what is let into the state; or null
};

// One time on the way back, for N rows of `units` (a multiple of 16).
struct BackRows {
    std::size_t rows, units;
    const float* const* in[2];   // the old state
    const float* const* out[2];  // the new one
    float* const*
        gates[kCellProducts];  // what the gates came to; becomes the gradient of their sums
    const float* const* keep;
    float* const* dh;  // gradient of the new h; becomes that of the old, but for the products
    float* const* dc;  // the same of c
    float* const* scratch[2];  // [0]: the gradient of what the next product took for its h
};

// A step of a cell, by the name of its product: see kernels/cell.h.
struct TrainingStep {
    const char* name;
    void (*forward)(const Product& product, const CellRows& rows, const TapeRows& tape);
    void (*backward)(const BackRows& rows);
    // What one row kept becomes the gates' values, in `size` columns; null where it is those.
    void (*values)(float* kept, std::size_t size);
};

// out[i][j] += sum over n of a[n][i] b[n][j], for i in [from, to): blocks of kOuterRows rows, each
// added up from zero, n ascending. Sizes are multiples of 16.
struct OuterSum {
    std::size_t rows;
    const float* const* a;
    const float* const* b;
    std::size_t b_size;
    std::size_t from, to;
    float* out;   // [to - from][b_size]
    float* room;  // outer_room(to - from, b_size) floats
};
constexpr std::size_t outer_room(std::size_t a_size, std::size_t b_size) {
    return kOuterRows * (a_size + 6 + b_size);
}

// What names the mask of one row: units whose 16 bits are below `threshold` become 0, the others
// are multiplied by `scale`. Unit 128 m + 16 q + i takes half q % 2 of word q / 2 of the counter
// (counters..., first + 16 m + i).
struct DropKey {
    std::uint64_t key;
    std::uint32_t counters[3], first;
    std::uint32_t threshold;  // of 65,536
    float scale;
};

// What AdamW does to n weights (Loshchilov and Hutter 2019):
//   m = beta1 m + new1 g; v = beta2 v + new2 g^2; new = 1 - beta
//   w = w keep - rate m / (sqrt(v) / root + epsilon)
struct AdamW {
    float beta1, new1, beta2, new2, keep, rate, root, epsilon;
};

struct TrainingKernels {
    std::span<const TrainingStep> steps;
    void (*outer_sum)(const OuterSum& sum);
    // out[j - from] += sum over n of rows[n][j], j in [from, to), in the blocks of an outer sum.
    void (*column_sum)(const float* const* rows, std::size_t count, std::size_t from,
                       std::size_t to, float* out);
    void (*add)(const float* x, float* out, std::size_t n);  // out += x
    void (*add_scaled)(const float* x, float factor, float* out, std::size_t n);
    void (*scale)(float* x, float factor, std::size_t n);
    void (*drop)(float* x, const DropKey& key, std::size_t n);
    void (*adamw)(float* weights, float* gradient, float* mean, float* square, const AdamW& with,
                  std::size_t n);
    // v = momentum v + (g + decay w); w -= rate (g + decay w + momentum v): Nesterov's, or
    // without momentum w -= rate (g + decay w).
    void (*sgd)(float* weights, float* gradient, float* velocity, float rate, float momentum,
                float decay, std::size_t n);
    // mean += share (x - mean).
    void (*approach)(float* mean, float* x, float share, std::size_t n);
    double (*squares)(const float* x, std::size_t n);  // their sum
};

}  // namespace charlm
