#include "model/model.h"

#include <algorithm>

namespace charlm {
namespace {

// Row n of a buffer of rows of `width` floats.
void point_to_rows(Aligned<float>& memory, std::size_t rows, std::size_t width,
                   std::vector<float*>& pointers) {
    memory.grow(rows * width);
    pointers.resize(rows);
    for (std::size_t n = 0; n < rows; ++n) pointers[n] = memory.data() + n * width;
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
    for (std::size_t layer = 0; layer < config().layers; ++layer) step_layer(layer, rows, work);
    write_logits(rows, work);
}

// The new h goes to memory of its own, since the product goes on reading the old one.
void Model::step_layer(std::size_t layer, const StepRows& rows, Workspace& work) const {
    const std::size_t N = rows.size(), Hp = config().padded_hidden();
    const std::size_t place = layer * config().layer_state();
    const std::vector<GateProduct>& products = weights_.layers[layer].products;
    work.x.swap(work.h);
    work.x_memory.swap(work.h_memory);
    point_to_rows(work.h_memory, N, Hp, work.h);
    work.h_in.resize(N);
    work.c_in.resize(N);
    work.c.resize(N);
    for (std::size_t n = 0; n < N; ++n) {
        work.h_in[n] = rows.in[n] + place;
        work.c_in[n] = work.h_in[n] + Hp;
        work.c[n] = rows.out[n] + place + Hp;
    }
    switch (config().cell) {
        case Cell::rnn:
            kernels_.rnn(product(products[0], layer, rows, work.h_in.data(), work),
                         work.h.data());
            break;
        case Cell::lstm:
            kernels_.lstm(product(products[0], layer, rows, work.h_in.data(), work),
                          work.c_in.data(), work.c.data(), work.h.data());
            break;
        case Cell::gru:
            point_to_rows(work.update_memory, N, Hp, work.update);
            point_to_rows(work.reset_memory, N, Hp, work.reset_h);
            kernels_.gru_gates(product(products[0], layer, rows, work.h_in.data(), work),
                               work.h_in.data(), work.update.data(), work.reset_h.data());
            kernels_.gru_candidate(product(products[1], layer, rows, work.reset_h.data(), work),
                                   work.h_in.data(), work.update.data(), work.h.data());
    }
    for (std::size_t n = 0; n < N; ++n) std::copy_n(work.h[n], Hp, rows.out[n] + place);
}

// x is what the layer below wrote; layer 0 reads a table row instead.
Product Model::product(const GateProduct& gates, std::size_t layer, const StepRows& rows,
                       const float* const* h, Workspace& work) const {
    const std::size_t N = rows.size(), H = config().hidden_size;
    const std::size_t step = layer == 0 ? gates.blocks * 16 : 0;
    work.last.resize(N);
    for (std::size_t n = 0; n < N; ++n)
        work.last[n] = gates.last.data() + static_cast<std::size_t>(rows.ids[n]) * step;
    return {N, layer == 0 ? nullptr : work.x.data(), layer == 0 ? 0 : H, h, H,
            gates.weights.data(), gates.blocks, work.last.data()};
}

void Model::write_logits(const StepRows& rows, Workspace& work) const {
    work.top.clear();
    work.logits.clear();
    for (std::size_t n = 0; n < rows.size(); ++n)
        if (rows.logits[n] != nullptr) {
            work.top.push_back(work.h[n]);
            work.logits.push_back(rows.logits[n]);
        }
    work.last.assign(work.top.size(), weights_.output.last.data());
    kernels_.linear({work.top.size(), nullptr, 0, work.top.data(), config().hidden_size,
                     weights_.output.weights.data(), weights_.output.blocks, work.last.data()},
                    work.logits.data());
}

}  // namespace charlm
