#include "model/model.h"

#include <algorithm>

namespace charlm {
namespace {

// Makes pointers to rows of `width` elements each.
template <class T>
void point_to_rows(Aligned<T>& memory, std::size_t rows, std::size_t width,
                   std::vector<T*>& pointers) {
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

template <>
Product Model::product(const GateProduct& weights, const std::vector<float*>& x,
                       const float* const* h, std::size_t rows, Workspace& work) const {
    const std::size_t H = config().hidden_size;
    return {rows, x.data(), x.empty() ? 0 : H, h, H, weights.weights.data(), weights.blocks,
            work.last.data()};
}

template <>
Int8Product Model::product(const GateProduct& weights, const std::vector<float*>& x,
                           const float* const* h, std::size_t rows, Workspace& work) const {
    const std::size_t Hp = config().padded_hidden(), fours = (config().hidden_size + 3) / 4;
    const auto quantize = [&](const float* const* from, std::vector<std::int8_t*>& to) {
        for (std::size_t n = 0; n < rows; ++n) kernels_.quantize(from[n], to[n], Hp);
    };
    point_to_rows(work.int8_h_memory, rows, Hp, work.int8_h);
    quantize(h, work.int8_h);
    if (!x.empty()) {
        point_to_rows(work.int8_x_memory, rows, Hp, work.int8_x);
        quantize(x.data(), work.int8_x);
    }
    return {rows, work.int8_x.data(), x.empty() ? 0 : fours, work.int8_h.data(), fours,
            weights.int8_weights.data(), weights.blocks, work.last.data(), weights.scale.data(),
            weights.offset.data()};
}

void Model::step(const StepRows& rows, Workspace& work) const {
    if (config().precision == Precision::int8)
        step_all(kernels_.int8_cells, rows, work);
    else
        step_all(kernels_.cells, rows, work);
}

template <class P>
void Model::step_all(const Cells<P>& cells, const StepRows& rows, Workspace& work) const {
    work.h.clear();
    for (std::size_t layer = 0; layer < config().layers; ++layer)
        step_layer(cells, layer, rows, work);
    write_logits(cells, rows, work);
}

// The new h goes to memory of its own, since the product goes on reading the old one.
template <class P>
void Model::step_layer(const Cells<P>& cells, std::size_t layer, const StepRows& rows,
                       Workspace& work) const {
    const std::size_t N = rows.size(), Hp = config().padded_hidden();
    const std::size_t place = layer * config().layer_state();
    const std::vector<GateProduct>& products = weights_.layers[layer].products;
    work.x.swap(work.h);
    work.x_memory.swap(work.h_memory);
    point_to_rows(work.h_memory, N, Hp, work.h);
    work.h_in.resize(N);
    work.c_in.resize(N);
    work.c.resize(N);
    work.last.resize(N);
    for (std::size_t n = 0; n < N; ++n) {
        work.h_in[n] = rows.in[n] + place;
        work.c_in[n] = work.h_in[n] + Hp;
        work.c[n] = rows.out[n] + place + Hp;
    }
    const auto product_of = [&](const GateProduct& weights, const float* const* h) {
        const std::size_t step = layer == 0 ? weights.blocks * 16 : 0;
        for (std::size_t n = 0; n < N; ++n)
            work.last[n] = weights.last.data() + static_cast<std::size_t>(rows.ids[n]) * step;
        return product<P>(weights, work.x, h, N, work);
    };
    const float* const* h_in = work.h_in.data();
    switch (config().cell) {
        case Cell::rnn: cells.rnn(product_of(products[0], h_in), work.h.data()); break;
        case Cell::lstm:
            cells.lstm(product_of(products[0], h_in), work.c_in.data(), work.c.data(),
                       work.h.data());
            break;
        case Cell::gru:
            point_to_rows(work.update_memory, N, Hp, work.update);
            point_to_rows(work.reset_memory, N, Hp, work.reset_h);
            cells.gru_gates(product_of(products[0], h_in), h_in, work.update.data(),
                            work.reset_h.data());
            cells.gru_candidate(product_of(products[1], work.reset_h.data()), h_in,
                                work.update.data(), work.h.data());
    }
    for (std::size_t n = 0; n < N; ++n) std::copy_n(work.h[n], Hp, rows.out[n] + place);
}

template <class P>
void Model::write_logits(const Cells<P>& cells, const StepRows& rows, Workspace& work) const {
    work.top.clear();
    work.logits.clear();
    for (std::size_t n = 0; n < rows.size(); ++n)
        if (rows.logits[n] != nullptr) {
            work.top.push_back(work.h[n]);
            work.logits.push_back(rows.logits[n]);
        }
    work.last.assign(work.top.size(), weights_.output.last.data());
    cells.linear(product<P>(weights_.output, {}, work.top.data(), work.top.size(), work),
                 work.logits.data());
}

}  // namespace charlm
