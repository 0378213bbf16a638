#include "model/weights.h"

#include <cmath>

#include "base/check.h"
#include "kernels/pack.h"

namespace charlm {
namespace {

std::string shape_text(const std::vector<std::size_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i)
        text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    return text + "]";
}

const Tensor& find(const Tensors& tensors, const std::string& name,
                   const std::vector<std::size_t>& shape) {
    const auto found = tensors.find(name);
    check(found != tensors.end(), "tensor '" + name + "' is missing");
    const Tensor& tensor = found->second;
    check(tensor.shape == shape, "tensor '" + name + "' has shape " + shape_text(tensor.shape) +
                                     ", expected " + shape_text(shape));
    std::size_t size = 1;
    for (const std::size_t axis : shape) size *= axis;
    for (std::size_t i = 0; i < size; ++i)
        check(std::isfinite(tensor.data[i]),
              "tensor '" + name + "' holds a NaN or infinite weight");
    return tensor;
}

// Where row `unit` of gate `g` (of `gates` in this product) goes among the output columns.
std::size_t column_of(std::size_t unit, std::size_t g, std::size_t gates) {
    return 16 * ((unit / 16) * gates + g) + unit % 16;
}

// The rows [first_gate * H, ...) of a stacked weight [G * H, size], as k rows from `k_first` on.
void pack(const float* stacked, std::size_t size, std::size_t units, std::size_t first_gate,
          std::size_t gates, std::size_t k_first, std::size_t k_size, std::size_t blocks,
          std::size_t group, Aligned<float>& out) {
    for (std::size_t g = 0; g < gates; ++g)
        for (std::size_t unit = 0; unit < units; ++unit) {
            const float* row = stacked + ((first_gate + g) * units + unit) * size;
            const std::size_t column = column_of(unit, g, gates);
            for (std::size_t k = 0; k < size; ++k)
                out[packed_place(k_first + k, column, blocks, k_size, group)] = row[k];
        }
}

// A value per row of the stacked weight, put where its column is.
void spread(const float* stacked, std::size_t units, std::size_t first_gate, std::size_t gates,
            Aligned<float>& out) {
    for (std::size_t g = 0; g < gates; ++g)
        for (std::size_t unit = 0; unit < units; ++unit)
            out[column_of(unit, g, gates)] = stacked[(first_gate + g) * units + unit];
}

// Layer 0: sum_e embedding[v][e] W[e] + bias for every character v, by the same product.
Aligned<float> fold_table(const ModelConfig& config, const float* embedding,
                          const float* input_weight, const float* bias, std::size_t first_gate,
                          std::size_t gates, std::size_t blocks, const Kernels& kernels) {
    const std::size_t V = config.vocabulary_size, E = config.embedding_size;
    const std::size_t group = kernels.packed_group;
    Aligned<float> packed(packed_size(blocks, E, group)), table(V * blocks * 16);
    pack(input_weight, E, config.hidden_size, first_gate, gates, 0, E, blocks, group, packed);
    std::vector<const float*> rows(V), last(V, bias);
    std::vector<float*> out(V);
    for (std::size_t v = 0; v < V; ++v) {
        rows[v] = embedding + v * E;
        out[v] = table.data() + v * blocks * 16;
    }
    kernels.linear({V, nullptr, 0, rows.data(), E, packed.data(), blocks, last.data()},
                   out.data());
    return table;
}

GateProduct gate_product(const ModelConfig& config, const Tensors& tensors, std::size_t layer,
                         std::size_t first_gate, std::size_t gates, const Kernels& kernels) {
    const std::size_t H = config.hidden_size, rows = config.gates() * H;
    const std::size_t x_size = layer == 0 ? config.embedding_size : H;
    const std::string name = "layers." + std::to_string(layer) + ".";
    const float* input = find(tensors, name + "input_weight", {rows, x_size}).data;
    const float* hidden = find(tensors, name + "hidden_weight", {rows, H}).data;

    GateProduct product;
    product.blocks = config.padded_hidden() / 16 * gates;
    Aligned<float> bias(product.blocks * 16);
    if (config.bias)
        spread(find(tensors, name + "bias", {rows}).data, H, first_gate, gates, bias);
    const std::size_t k_size = layer == 0 ? H : 2 * H, group = kernels.packed_group;
    product.weights = Aligned<float>(packed_size(product.blocks, k_size, group));
    if (layer == 0) {
        const float* embedding =
            find(tensors, "embedding", {config.vocabulary_size, config.embedding_size}).data;
        product.last = fold_table(config, embedding, input, bias.data(), first_gate, gates,
                                  product.blocks, kernels);
    } else {
        pack(input, H, H, first_gate, gates, 0, k_size, product.blocks, group, product.weights);
        product.last = std::move(bias);
    }
    pack(hidden, H, H, first_gate, gates, k_size - H, k_size, product.blocks, group,
         product.weights);
    return product;
}

}  // namespace

Weights::Weights(const ModelConfig& config, const Tensors& tensors, const Kernels& kernels)
    : config(config) {
    const std::size_t expected = 3 + config.layers * (config.bias ? 3 : 2);
    check(tensors.size() == expected, "the model has " + std::to_string(tensors.size()) +
                                          " tensors, expected " + std::to_string(expected));
    for (std::size_t l = 0; l < config.layers; ++l) {
        Layer layer;
        if (config.cell == Cell::gru) {
            layer.products.push_back(gate_product(config, tensors, l, 0, 2, kernels));
            layer.products.push_back(gate_product(config, tensors, l, 2, 1, kernels));
        } else {
            layer.products.push_back(gate_product(config, tensors, l, 0, config.gates(), kernels));
        }
        layers.push_back(std::move(layer));
    }
    const std::size_t V = config.vocabulary_size, H = config.hidden_size;
    output.blocks = config.padded_vocabulary() / 16;
    output.weights = Aligned<float>(packed_size(output.blocks, H, kernels.packed_group));
    output.last = Aligned<float>(output.blocks * 16);
    pack(find(tensors, "output_weight", {V, H}).data, H, V, 0, 1, 0, H, output.blocks,
         kernels.packed_group, output.weights);
    spread(find(tensors, "output_bias", {V}).data, V, 0, 1, output.last);
}

}  // namespace charlm
