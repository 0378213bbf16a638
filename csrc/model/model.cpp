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

// Bytes of weights, times rows, from which a thread more is worth waiting for.
constexpr std::size_t kWorthAThread = std::size_t{1} << 18;

// What a cell makes of a product, by parts where there is a team and enough to do.
template <class P, class Make>
void share(const P& product, Team* team, Make make) {
    const std::size_t groups = (product.blocks + 3) / 4;
    const std::size_t work = product.blocks * (product.x_size + product.h_size) * 64;
    const std::size_t parts =
        team == nullptr ? 1 : std::min({team->size(), groups, work * product.rows / kWorthAThread});
    if (parts < 2) return make(product);
    team->run([&](std::size_t part) {
        P mine = product;
        mine.from = 4 * (groups * std::min(part, parts) / parts);
        mine.to = std::min(product.blocks, 4 * (groups * std::min(part + 1, parts) / parts));
        if (mine.from < mine.to) make(mine);
    });
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
        case Cell::rnn:
            share(product_of(products[0], h_in), work.team,
                  [&](const P& p) { cells.rnn(p, work.h.data()); });
            break;
        case Cell::lstm:
            share(product_of(products[0], h_in), work.team, [&](const P& p) {
                cells.lstm(p, work.c_in.data(), work.c.data(), work.h.data());
            });
            break;
        case Cell::gru:
            point_to_rows(work.update_memory, N, Hp, work.update);
            point_to_rows(work.reset_memory, N, Hp, work.reset_h);
            share(product_of(products[0], h_in), work.team, [&](const P& p) {
                cells.gru_gates(p, h_in, work.update.data(), work.reset_h.data());
            });
            share(product_of(products[1], work.reset_h.data()), work.team, [&](const P& p) {
                cells.gru_candidate(p, h_in, work.update.data(), work.h.data());
            });
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
    share(product<P>(weights_.output, {}, work.top.data(), work.top.size(), work), work.team,
          [&](const P& p) { cells.linear(p, work.logits.data()); });
}

}  // namespace charlm
