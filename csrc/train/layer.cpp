#include "train/layer.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>

namespace charlm {
namespace {

const TrainingStep& step_named(const Kernels& kernels, std::string_view name) {
    for (const TrainingStep& step : kernels.training.steps)
        if (step.name == name) return step;
    throw std::logic_error("no step of training is named " + std::string(name));
}

}  // namespace

LayerPass::LayerPass(const Cell& cell, std::size_t number, std::size_t input_size,
                     std::size_t hidden_size, double weight_dropout, double candidate_dropout,
                     const Kernels& kernels)
    : cell_(cell),
      number_(number),
      I_(input_size),
      H_(hidden_size),
      weight_dropout_(weight_dropout),
      candidate_dropout_(candidate_dropout),
      kernels_(kernels) {
    std::size_t first_gate = 0;
    for (const CellProduct& product : cell.products) {
        Step step{};
        step.gates = {hidden_size, first_gate, product.gates};
        step.recurrent = product.recurrent;
        step.run = step_named(kernels, product.step);
        steps_.push_back(std::move(step));
        first_gate += product.gates;
    }
}

void LayerPass::read(float* const* x, std::size_t count, const std::int64_t* ids) {
    x_ = x;
    inputs_ = count;
    ids_ = ids;
}

void LayerPass::begin(const LayerParameters& weights, const Masks& masks, std::size_t times,
                      std::size_t rows, float* const* state, bool back) {
    masks_ = &masks;
    times_ = times;
    rows_ = rows;
    const std::size_t N = times * rows;
    LayerParameters seen = weights;
    if (masks.key != nullptr && weight_dropout_ > 0) seen.hidden = hide_weights(weights.hidden);
    for (Step& step : steps_) pack_step(step, seen, back);

    h_.shape(N + rows, H_);
    for (std::size_t n = 0; n < rows; ++n) std::copy_n(state[0] + n * H_, H_, h_[n]);
    if (cell_.states == 2) {
        c_.shape(N + rows, H_);
        for (std::size_t n = 0; n < rows; ++n) std::copy_n(state[1] + n * H_, H_, c_[n]);
    }
    if (cell_.scratch > 0) reset_.shape(N, H_);
    if (masks.key != nullptr && candidate_dropout_ > 0) keep_.shape(N, H_);
    if (!back) return;
    dh.shape(N, H_);
    for (Rows* some : {&dc_, &dreset_, &left_, &zero_}) {
        some->shape(rows, std::max(H_, I_));
        some->zero();
    }
    none_.assign(inputs_, zero_[0]);
}

float* LayerPass::hide_weights(const float* hidden) {
    const std::size_t rows = cell_.gates() * H_, width = padded(H_);
    hidden_.resize(rows * H_);
    Aligned<float> row(width);
    for (std::size_t g = 0; g < rows; ++g) {
        std::copy_n(hidden + g * H_, H_, row.data());
        masks_->drop(kernels_, weight_dropout_, Place::weight, number_, 0, g, row.data(), width);
        std::copy_n(row.data(), H_, hidden_.data() + g * H_);
    }
    return hidden_.data();
}

void LayerPass::pack_step(Step& step, const LayerParameters& weights, bool back) {
    const Stacked input{weights.input, I_}, hidden{weights.hidden, H_};
    const bool recurrent = step.recurrent != Recurrent::nothing;
    const std::size_t group = kernels_.packed_group, N = times_ * rows_;
    std::vector<Stacked> operands;
    if (ids_ == nullptr) operands.push_back(input);
    if (recurrent) operands.push_back(hidden);
    pack(step.gates, operands, group, step.weights);
    if (back) {
        if (recurrent) pack_back(step.gates, hidden, group, step.back);
        pack_back(step.gates, input, group, step.input_back);
    }
    make_table(step, weights);
    step.kept.shape(N, step.gates.blocks() * 16);
    step.last.resize(N);
    for (std::size_t n = 0; n < N; ++n)
        step.last[n] = step.table[ids_ == nullptr ? 0 : static_cast<std::size_t>(ids_[n])];
}

// What is added to a product of gates: the bias, or by id the input's part and the bias.
void LayerPass::make_table(Step& step, const LayerParameters& weights) {
    const std::size_t width = step.gates.blocks() * 16;
    const Aligned<float> bias =
        weights.bias == nullptr ? Aligned<float>(width) : spread(step.gates, weights.bias);
    step.table.shape(ids_ == nullptr ? 1 : inputs_, width);
    if (ids_ == nullptr) {
        std::copy_n(bias.data(), width, step.table[0]);
        return;
    }
    Aligned<float> packed;
    pack(step.gates, {{weights.input, I_}}, kernels_.packed_group, packed);
    const std::vector<const float*> last(inputs_, bias.data());
    kernels_.cells.linear({.rows = inputs_,
                           .x = nullptr,
                           .x_size = 0,
                           .h = x_,
                           .h_size = I_,
                           .weights = packed.data(),
                           .blocks = step.gates.blocks(),
                           .last = last.data()},
                          step.table.from());
}

float* const* LayerPass::operand(const Step& step, std::size_t n) const {
    if (step.recurrent == Recurrent::nothing) return nullptr;
    return step.recurrent == Recurrent::h ? h_.from(n) : reset_.from(n);
}

void LayerPass::forward(Part rows) {
    const std::size_t count = rows.to - rows.from;
    const bool masked = masks_->key != nullptr && candidate_dropout_ > 0;
    for (std::size_t t = 0; t < times_; ++t) {
        const std::size_t n = t * rows_ + rows.from;
        if (masked)
            for (std::size_t b = 0; b < count; ++b) {
                std::fill_n(keep_[n + b], keep_.width(), 1.0f);
                masks_->drop(kernels_, candidate_dropout_, Place::candidate, number_, t,
                             rows.from + b, keep_[n + b], keep_.width());
            }
        CellRows cell{};
        cell.in[0] = h_.from(n);
        cell.out[0] = h_.from(n + rows_);
        if (cell_.states == 2) {
            cell.in[1] = c_.from(n);
            cell.out[1] = c_.from(n + rows_);
        }
        if (cell_.scratch > 0) cell.scratch[0] = reset_.from(n);
        TapeRows tape{{}, masked ? keep_.from(n) : nullptr};
        for (std::size_t i = 0; i < steps_.size(); ++i) tape.gates[i] = steps_[i].kept.from(n);
        for (const Step& step : steps_) {
            Product product{.rows = count,
                            .x = ids_ == nullptr ? x_ + n : nullptr,
                            .x_size = ids_ == nullptr ? I_ : 0,
                            .h = operand(step, n),
                            .h_size = H_,
                            .weights = step.weights.data(),
                            .blocks = step.gates.blocks(),
                            .last = step.last.data() + n};
            if (product.h == nullptr) {  // x alone, or nothing: where the table has all
                product.h = ids_ == nullptr ? product.x : h_.from(n);
                product.h_size = product.x_size;
                product.x_size = 0;
            }
            step.run.forward(product, cell, tape);
        }
    }
}

void LayerPass::end(float* const* state) const {
    const std::size_t last = times_ * rows_;
    for (std::size_t n = 0; n < rows_; ++n) {
        std::copy_n(h_[last + n], H_, state[0] + n * H_);
        if (cell_.states == 2) std::copy_n(c_[last + n], H_, state[1] + n * H_);
    }
}

void LayerPass::backward(Part rows) {
    const std::size_t count = rows.to - rows.from, width = padded(H_);
    const bool masked = masks_->key != nullptr && candidate_dropout_ > 0;
    for (std::size_t t = times_; t-- > 0;) {
        const std::size_t n = t * rows_ + rows.from;
        BackRows back{};
        back.rows = count;
        back.units = width;
        back.in[0] = h_.from(n);
        back.out[0] = h_.from(n + rows_);
        if (cell_.states == 2) {
            back.in[1] = c_.from(n);
            back.out[1] = c_.from(n + rows_);
        }
        for (std::size_t i = 0; i < steps_.size(); ++i) back.gates[i] = steps_[i].kept.from(n);
        back.keep = masked ? keep_.from(n) : nullptr;
        back.dh = dh.from(n);
        back.dc = dc_.from(rows.from);
        back.scratch[0] = dreset_.from(rows.from);
        back.scratch[1] = left_.from(rows.from);
        for (std::size_t i = steps_.size(); i-- > 0;) {
            const Step& step = steps_[i];
            step.run.backward(back);
            if (step.recurrent == Recurrent::nothing) continue;
            const bool to_h = step.recurrent == Recurrent::h;
            kernels_.cells.linear({.rows = count,
                                   .x = nullptr,
                                   .x_size = 0,
                                   .h = step.kept.from(n),
                                   .h_size = step.kept.width(),
                                   .weights = step.back.data(),
                                   .blocks = width / 16,
                                   .last = to_h ? back.dh : zero_.from(rows.from)},
                                  to_h ? back.dh : back.scratch[0]);
        }
        if (t > 0)
            for (std::size_t b = 0; b < count; ++b)
                kernels_.training.add(dh[n + b], dh[n - rows_ + b], width);
    }
}

std::size_t LayerPass::sixteens() const {
    std::size_t sum = 0;
    for (const Step& step : steps_) sum += step.gates.blocks();
    return sum;
}

// work(step, from, to) for the columns of each product that lie in the part.
template <class Work>
void LayerPass::each_step(Part sixteens, Work work) const {
    std::size_t first = 0;
    for (const Step& step : steps_) {
        const std::size_t blocks = step.gates.blocks();
        const std::size_t from = std::clamp(sixteens.from, first, first + blocks) - first;
        const std::size_t to = std::clamp(sixteens.to, first, first + blocks) - first;
        if (from < to) work(step, 16 * from, 16 * to);
        first += blocks;
    }
}

void LayerPass::begin_gather() {
    for (Step& step : steps_) {
        step.dtable.shape(inputs_, step.kept.width());
        step.dtable.zero();
    }
}

void LayerPass::gather(Part sixteens) {
    each_step(sixteens, [&](const Step& step, std::size_t from, std::size_t to) {
        for (std::size_t n = 0; n < times_ * rows_; ++n)
            kernels_.training.add(step.kept[n] + from,
                                  step.dtable[static_cast<std::size_t>(ids_[n])] + from, to - from);
    });
}

void LayerPass::input_gradient(Part inputs, const Rows& dx) const {
    const std::size_t count = inputs.to - inputs.from;
    const float* const* last = none_.data();
    for (const Step& step : steps_) {
        const Rows& d = ids_ == nullptr ? step.kept : step.dtable;
        kernels_.cells.linear({.rows = count,
                               .x = nullptr,
                               .x_size = 0,
                               .h = d.from(inputs.from),
                               .h_size = d.width(),
                               .weights = step.input_back.data(),
                               .blocks = padded(I_) / 16,
                               .last = last},
                              dx.from(inputs.from));
        last = dx.from(inputs.from);
    }
}

std::size_t LayerPass::room(std::size_t threads) const {
    const std::size_t columns = 16 * (sixteens() / threads + 1), width = padded(std::max(H_, I_));
    return columns * width + outer_room(columns, width);
}

void LayerPass::weight_gradients(Part sixteens, const LayerParameters& gradients,
                                 float* room) const {
    const std::size_t N = times_ * rows_;
    each_step(sixteens, [&](const Step& step, std::size_t from, std::size_t to) {
        // One weight: a row of it for each column.
        const auto sum = [&](const Rows& a, std::size_t count, const float* const* b,
                             std::size_t size, float* out) {
            const std::size_t width = padded(size);
            std::fill_n(room, (to - from) * width, 0.0f);
            kernels_.training.outer_sum({.rows = count,
                                         .a = a.from(),
                                         .b = b,
                                         .b_size = width,
                                         .from = from,
                                         .to = to,
                                         .out = room,
                                         .room = room + (to - from) * width});
            step.gates.each_column(from, to, [&](std::size_t row, std::size_t column) {
                std::copy_n(room + (column - from) * width, size, out + row * size);
            });
        };
        const bool by_id = ids_ != nullptr;
        const Rows& d = by_id ? step.dtable : step.kept;
        const std::size_t count = by_id ? inputs_ : N;
        sum(d, count, x_, I_, gradients.input);
        if (step.recurrent != Recurrent::nothing)
            sum(step.kept, N, operand(step, 0), H_, gradients.hidden);
        if (gradients.bias == nullptr) return;
        std::fill_n(room, to - from, 0.0f);
        kernels_.training.column_sum(d.from(), count, from, to, room);
        step.gates.each_column(from, to, [&](std::size_t row, std::size_t column) {
            gradients.bias[row] = room[column - from];
        });
    });
}

// What was hidden has no gradient, and what was not was scaled.
void LayerPass::hide_gradients(const LayerParameters& gradients) const {
    if (masks_->key == nullptr || weight_dropout_ == 0) return;
    Aligned<float> row(padded(H_));
    for (std::size_t g = 0; g < cell_.gates() * H_; ++g) {
        std::copy_n(gradients.hidden + g * H_, H_, row.data());
        masks_->drop(kernels_, weight_dropout_, Place::weight, number_, 0, g, row.data(),
                     row.size());
        std::copy_n(row.data(), H_, gradients.hidden + g * H_);
    }
}

}  // namespace charlm
