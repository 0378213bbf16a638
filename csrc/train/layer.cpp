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

void LayerPass::gates(float* out) const {
    const std::size_t G = cell_.gates() * H_;
    for (const Step& step : steps_)
        for (std::size_t n = 0; n < step.kept.count(); ++n) {
            float* kept = step.kept[n];
            if (step.run.values != nullptr) step.run.values(kept, step.kept.width());
            step.gates.each_column(0, step.kept.width(), [&](std::size_t g, std::size_t column) {
                out[n * G + g] = kept[column];
            });
        }
}

}  // namespace charlm
