// The way back through a layer: over time, then into what it read and into its weights.
#include <algorithm>

#include "train/layer.h"

namespace charlm {

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
