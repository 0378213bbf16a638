// A model's weights, checked and packed once, then never written: safe to share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "kernels/kernels.h"
#include "kernels/cell.h"

namespace charlm {

enum class Precision { float32, int8 };
constexpr std::array<const char*, 2> names_of(Precision) { return {"float32", "int8"}; }

struct ModelConfig {
    Cell cell;
    std::size_t vocabulary_size;  // V
    std::size_t embedding_size;   // E
    std::size_t hidden_size;      // H
    std::size_t layers;           // L
    bool bias;
    Precision precision = Precision::float32;  // of the weights in products

    std::size_t padded_hidden() const { return padded(hidden_size); }
    // One layer's state: h, and for an LSTM c behind it; a row's state is its layers in order.
    std::size_t layer_state() const { return padded_hidden() * cell.states; }
    std::size_t state_size() const { return layer_state() * layers; }
};

// A tensor as it comes from a checkpoint: float32, row-major.
struct Tensor {
    const float* data;
    std::vector<std::size_t> shape;
};
using Tensors = std::map<std::string, Tensor>;

// One product of a layer: some gates of all its units, blocks interleaved by gate.
// Layer 0 has no input part: a table row per character takes its place, with the bias.
struct GateProduct {
    std::size_t step = 0;  // what follows it: a place in Cells::steps
    std::size_t blocks = 0;
    Aligned<float> weights;  // packed [x_size + h_size][blocks * 16], see pack.h
    Aligned<float> last;     // layer 0: [V, blocks * 16]; above: [blocks * 16]
    // In place of `weights` at Precision::int8: see Int8Product.
    Aligned<std::int8_t> int8_weights;
    Aligned<float> scale;
    Aligned<std::int32_t> offset;
};

struct Layer {
    std::vector<GateProduct> products;  // those of its cell
};

struct Weights {
    ModelConfig config;
    std::vector<Layer> layers;
    GateProduct output;

    // Checks names, shapes and finiteness (ValueError); folds and packs with `kernels`.
    Weights(const ModelConfig& config, const Tensors& tensors, const Kernels& kernels);
};

}  // namespace charlm
