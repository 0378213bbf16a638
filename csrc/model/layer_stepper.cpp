#include "model/layer_stepper.h"

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

void LayerStepper::step(const StepRows& rows) {
    if (config().precision == Precision::int8)
        step_all(kernels_.int8_cells, rows);
    else
        step_all(kernels_.cells, rows);
}

template <class P>
void LayerStepper::step_all(const Cells<P>& cells, const StepRows& rows) {
    h_.clear();
    for (std::size_t layer = 0; layer < config().layers; ++layer) step_layer(cells, layer, rows);
    write_logits(cells, rows);
}

template <class P>
void LayerStepper::step_layer(const Cells<P>& cells, std::size_t layer, const StepRows& rows) {
    const std::size_t N = rows.size(), Hp = config().padded_hidden();
    const std::size_t place = layer * config().layer_state();
    x_.swap(h_);
    x_memory_.swap(h_memory_);
    const CellRows cell = point_to_states(rows, place);
    const std::vector<CellProduct>& products = config().cell.products;
    for (std::size_t i = 0; i < products.size(); ++i) {
        const GateProduct& weights = weights_.layers[layer].products[i];
        const std::size_t stride = layer == 0 ? weights.blocks * 16 : 0;
        last_.resize(N);
        for (std::size_t n = 0; n < N; ++n)
            last_[n] = weights.last.data() + static_cast<std::size_t>(rows.ids[n]) * stride;
        const auto run = cells.steps[weights.step].run;
        share(product<P>(weights, operands(products[i].recurrent), N), team,
              [&](const P& p) { run(p, cell); });
    }
    for (std::size_t n = 0; n < N; ++n) std::copy_n(h_[n], Hp, rows.out[n] + place);
}

// The new h goes to memory of its own, since the products go on reading the old one.
CellRows LayerStepper::point_to_states(const StepRows& rows, std::size_t place) {
    const std::size_t N = rows.size(), Hp = config().padded_hidden();
    point_to_rows(h_memory_, N, Hp, h_);
    CellRows cell{};
    for (std::size_t s = 0; s < config().cell.states; ++s) {
        in_[s].resize(N);
        out_[s].resize(N);
        for (std::size_t n = 0; n < N; ++n) {
            in_[s][n] = rows.in[n] + place + s * Hp;
            out_[s][n] = s == 0 ? h_[n] : rows.out[n] + place + s * Hp;
        }
        cell.in[s] = in_[s].data();
        cell.out[s] = out_[s].data();
    }
    for (std::size_t s = 0; s < config().cell.scratch; ++s) {
        point_to_rows(scratch_memory_[s], N, Hp, scratch_[s]);
        cell.scratch[s] = scratch_[s].data();
    }
    return cell;
}

// What has no h multiplies x alone; in layer 0, whose x is in its table, rows of no length.
LayerStepper::Operands LayerStepper::operands(Recurrent recurrent) const {
    const std::size_t H = config().hidden_size, x_size = x_.empty() ? 0 : H;
    const float* const* x = x_.empty() ? nullptr : x_.data();
    const float* const* h = in_[0].data();
    if (recurrent == Recurrent::nothing) return {nullptr, 0, x_.empty() ? h : x, x_size};
    return {x, x_size, recurrent == Recurrent::h ? h : scratch_[0].data(), H};
}

template <>
Product LayerStepper::product(const GateProduct& weights, const Operands& operands,
                              std::size_t rows) {
    return {.rows = rows,
            .x = operands.x,
            .x_size = operands.x_size,
            .h = operands.h,
            .h_size = operands.h_size,
            .weights = weights.weights.data(),
            .blocks = weights.blocks,
            .last = last_.data()};
}

template <>
Int8Product LayerStepper::product(const GateProduct& weights, const Operands& operands,
                                  std::size_t rows) {
    const std::size_t Hp = config().padded_hidden();
    const auto quantize = [&](const float* const* from, Aligned<std::int8_t>& memory,
                              std::vector<std::int8_t*>& to) {
        point_to_rows(memory, rows, Hp, to);
        for (std::size_t n = 0; n < rows; ++n) kernels_.quantize(from[n], to[n], Hp);
    };
    quantize(operands.h, int8_h_memory_, int8_h_);
    if (operands.x != nullptr) quantize(operands.x, int8_x_memory_, int8_x_);
    return {.rows = rows,
            .x = int8_x_.data(),
            .x_size = (operands.x_size + 3) / 4,
            .h = int8_h_.data(),
            .h_size = (operands.h_size + 3) / 4,
            .weights = weights.int8_weights.data(),
            .blocks = weights.blocks,
            .last = last_.data(),
            .scale = weights.scale.data(),
            .offset = weights.offset.data()};
}

template <class P>
void LayerStepper::write_logits(const Cells<P>& cells, const StepRows& rows) {
    top_.clear();
    logits_.clear();
    for (std::size_t n = 0; n < rows.size(); ++n)
        if (rows.logits[n] != nullptr) {
            top_.push_back(h_[n]);
            logits_.push_back(rows.logits[n]);
        }
    last_.assign(top_.size(), weights_.output.last.data());
    const Operands top{nullptr, 0, top_.data(), config().hidden_size};
    share(product<P>(weights_.output, top, top_.size()), team,
          [&](const P& p) { cells.linear(p, logits_.data()); });
}

}  // namespace charlm
