#include "model/model.h"

#include <algorithm>

namespace charlm {
namespace {

// Rows that go through a layer together: their gates stay in the second-level cache, and it
// is a multiple of the product's tile of six rows.
constexpr std::size_t kChunk = 48;

float* buffer(Workspace& work, std::size_t index, std::size_t size) {
    if (work.buffers.size() <= index) work.buffers.resize(index + 1);
    work.buffers[index].grow(size);
    return work.buffers[index].data();
}

}  // namespace

void StepRows::clear() {
    ids.clear();
    in.clear();
    out.clear();
    logits.clear();
}

void StepRows::add(std::int32_t id, const float* in_state, float* out_state, float* row_logits) {
    ids.push_back(id);
    in.push_back(in_state);
    out.push_back(out_state);
    logits.push_back(row_logits);
}

Model::Model(const ModelConfig& config, const Tensors& tensors)
    : kernels_(select_kernels()), weights_(config, tensors, kernels_) {}

void Model::step(const StepRows& rows, Workspace& work) const {
    for (std::size_t first = 0; first < rows.size(); first += kChunk)
        step_chunk(rows, first, std::min(kChunk, rows.size() - first), work);
}

void Model::step_chunk(const StepRows& rows, std::size_t first, std::size_t count,
                       Workspace& work) const {
    for (std::size_t layer = 0; layer < config().layers; ++layer)
        cell(layer, rows, first, count, work);
    write_logits(rows, first, count, work);
}

void Model::cell(std::size_t layer, const StepRows& rows, std::size_t first, std::size_t count,
                 Workspace& work) const {
    const std::size_t Hp = config().padded_hidden(), H = config().hidden_size;
    const std::size_t place = layer * config().layer_state(), blocks = Hp / 16;
    const std::vector<GateProduct>& products = weights_.layers[layer].products;

    // Rows of a product: x from the layer below (none for layer 0), h and `last`.
    const auto multiply = [&](const GateProduct& product, std::size_t index) {
        const std::size_t width = product.blocks * 16;
        float* gates = buffer(work, index, count * width);
        work.last.resize(count);
        work.out2.resize(count);
        for (std::size_t n = 0; n < count; ++n) {
            const auto id = static_cast<std::size_t>(rows.ids[first + n]);
            work.last[n] = product.last.data() + (layer == 0 ? id * width : 0);
            work.out2[n] = gates + n * width;
        }
        kernels_.product({count, layer == 0 ? nullptr : work.x.data(), layer == 0 ? 0 : H,
                          work.h.data(), H, product.weights.data(), product.blocks,
                          work.last.data(), work.out2.data()});
        return gates;
    };

    work.x.resize(count);
    work.h.resize(count);
    work.out.resize(count);
    for (std::size_t n = 0; n < count; ++n) {
        work.h[n] = rows.in[first + n] + place;
        work.out[n] = rows.out[first + n] + place;
        if (layer != 0) work.x[n] = work.out[n] - config().layer_state();
    }
    const float* gates = multiply(products[0], 0);
    const std::size_t width = products[0].blocks * 16;
    if (config().cell != Cell::gru) {
        for (std::size_t n = 0; n < count; ++n) {
            if (config().cell == Cell::rnn)
                kernels_.rnn(gates + n * width, work.out[n], blocks);
            else
                kernels_.lstm(gates + n * width, work.h[n] + Hp, work.out[n] + Hp, work.out[n],
                              blocks);
        }
        return;
    }
    float* reset = buffer(work, 1, count * Hp);
    for (std::size_t n = 0; n < count; ++n) {
        kernels_.gru_reset(gates + n * width, work.h[n], reset + n * Hp, blocks);
        work.h[n] = reset + n * Hp;
    }
    const float* candidates = multiply(products[1], 2);
    for (std::size_t n = 0; n < count; ++n)
        kernels_.gru_update(gates + n * width, candidates + n * Hp, rows.in[first + n] + place,
                            work.out[n], blocks);
}

void Model::write_logits(const StepRows& rows, std::size_t first, std::size_t count,
                         Workspace& work) const {
    const std::size_t top = (config().layers - 1) * config().layer_state();
    work.h.clear();
    work.out.clear();
    for (std::size_t n = first; n < first + count; ++n)
        if (rows.logits[n] != nullptr) {
            work.h.push_back(rows.out[n] + top);
            work.out.push_back(rows.logits[n]);
        }
    work.last.assign(work.h.size(), weights_.output.last.data());
    kernels_.product({work.h.size(), nullptr, 0, work.h.data(), config().hidden_size,
                      weights_.output.weights.data(), weights_.output.blocks, work.last.data(),
                      work.out.data()});
}

}  // namespace charlm
