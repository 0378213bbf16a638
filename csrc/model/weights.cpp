#include "model/weights.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "base/check.h"
#include "kernels/stacked.h"

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

constexpr std::size_t fours(std::size_t size) { return (size + 3) / 4; }

// The same in int8, each output with a scale of its own: its largest weight becomes 127.
// Operands are multiplied by 127 h, so the scale of a product has another 127 below it.
void pack_int8(const Gates& gates, const std::vector<Stacked>& operands, std::size_t group,
               GateProduct& product) {
    std::size_t k_size = 0;
    for (const Stacked& operand : operands) k_size += fours(operand.size);
    product.int8_weights = Aligned<std::int8_t>(4 * packed_size(product.blocks, k_size, group));
    product.scale = Aligned<float>(product.blocks * 16);
    product.offset = Aligned<std::int32_t>(product.blocks * 16);
    gates.each([&](std::size_t g, std::size_t unit, std::size_t column) {
        float largest = 0;
        for (const Stacked& operand : operands) {
            const float* row = gates.row(operand, g, unit);
            for (std::size_t k = 0; k < operand.size; ++k)
                largest = std::max(largest, std::fabs(row[k]));
        }
        const float scale = std::max(largest / 127, std::numeric_limits<float>::min());
        std::size_t first = 0;
        std::int32_t sum = 0;
        for (const Stacked& operand : operands) {
            const float* row = gates.row(operand, g, unit);
            for (std::size_t k = 0; k < operand.size; ++k) {
                const auto q = static_cast<std::int8_t>(std::nearbyint(row[k] / scale));
                sum += q;
                const std::size_t place =
                    packed_place(first + k / 4, column, product.blocks, k_size, group);
                product.int8_weights[4 * place + k % 4] = q;
            }
            first += fours(operand.size);
        }
        product.scale[column] = scale / 127;
        product.offset[column] = -128 * sum;
    });
}

void pack_operands(const ModelConfig& config, const Gates& gates,
                   const std::vector<Stacked>& operands, const Kernels& kernels,
                   GateProduct& product) {
    if (config.precision == Precision::int8)
        pack_int8(gates, operands, kernels.packed_group, product);
    else
        pack(gates, operands, kernels.packed_group, product.weights);
}

// Layer 0: sum_e embedding[v][e] W[e] + bias for every character v, by the same product.
Aligned<float> fold_table(const Gates& gates, std::size_t V, const Stacked& input,
                          const float* embedding, const float* bias, const Kernels& kernels) {
    const std::size_t E = input.size, width = gates.blocks() * 16;
    Aligned<float> packed;
    pack(gates, {input}, kernels.packed_group, packed);
    Aligned<float> table(V * width);
    std::vector<const float*> rows(V), last(V, bias);
    std::vector<float*> out(V);
    for (std::size_t v = 0; v < V; ++v) {
        rows[v] = embedding + v * E;
        out[v] = table.data() + v * width;
    }
    kernels.cells.linear(
        {V, nullptr, 0, rows.data(), E, packed.data(), gates.blocks(), last.data()}, out.data());
    return table;
}

// The place of a step in both precisions' lists, which name the same.
std::size_t place_of_step(const Kernels& kernels, std::string_view name) {
    const auto& steps = kernels.cells.steps;
    const auto found = std::find_if(steps.begin(), steps.end(),
                                    [name](const auto& step) { return step.name == name; });
    if (found == steps.end()) throw std::logic_error("no step is named " + std::string(name));
    return static_cast<std::size_t>(found - steps.begin());
}

GateProduct gate_product(const ModelConfig& config, const Tensors& tensors, std::size_t layer,
                         const CellProduct& cell_product, std::size_t first_gate,
                         const Kernels& kernels) {
    const std::size_t V = config.vocabulary_size, E = config.embedding_size;
    const std::size_t H = config.hidden_size, rows = config.cell.gates() * H;
    const std::string name = "layers." + std::to_string(layer) + ".";
    const Stacked input{find(tensors, name + "input_weight", {rows, layer == 0 ? E : H}).data,
                        layer == 0 ? E : H};
    std::vector<Stacked> operands;
    if (layer != 0) operands.push_back(input);
    if (cell_product.recurrent != Recurrent::nothing)
        operands.push_back({find(tensors, name + "hidden_weight", {rows, H}).data, H});

    const Gates gates{H, first_gate, cell_product.gates};
    GateProduct product;
    product.step = place_of_step(kernels, cell_product.step);
    product.blocks = gates.blocks();
    product.last = config.bias ? spread(gates, find(tensors, name + "bias", {rows}).data)
                               : Aligned<float>(product.blocks * 16);
    if (layer == 0)
        product.last = fold_table(gates, V, input, find(tensors, "embedding", {V, E}).data,
                                  product.last.data(), kernels);
    pack_operands(config, gates, operands, kernels, product);
    return product;
}

}  // namespace

Weights::Weights(const ModelConfig& config, const Tensors& tensors, const Kernels& kernels)
    : config(config) {
    const Cell& cell = config.cell;
    check(cell.bounded || config.precision != Precision::int8,
          "precision int8 is not for cell " + std::string(cell.name) + ": its state is unbounded");
    const std::size_t per_layer = 1 + (cell.is_recurrent() ? 1 : 0) + (config.bias ? 1 : 0);
    const std::size_t expected = 3 + config.layers * per_layer;
    check(tensors.size() == expected, "the model has " + std::to_string(tensors.size()) +
                                          " tensors, expected " + std::to_string(expected));
    for (std::size_t l = 0; l < config.layers; ++l) {
        Layer layer;
        std::size_t first_gate = 0;
        for (const CellProduct& product : cell.products) {
            layer.products.push_back(
                gate_product(config, tensors, l, product, first_gate, kernels));
            first_gate += product.gates;
        }
        layers.push_back(std::move(layer));
    }
    const std::size_t V = config.vocabulary_size, H = config.hidden_size;
    const Gates outputs{V, 0, 1};
    output.blocks = outputs.blocks();
    output.last = spread(outputs, find(tensors, "output_bias", {V}).data);
    pack_operands(config, outputs, {{find(tensors, "output_weight", {V, H}).data, H}}, kernels,
                  output);
}

}  // namespace charlm
