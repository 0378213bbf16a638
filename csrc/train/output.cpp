// The end of a pass: logits, loss and penalties, and the gradients that all others begin with.
// Logits are made for some rows at a time.
#include <algorithm>

#include "kernels/stacked.h"
#include "train/pass.h"

namespace charlm {
namespace {

constexpr std::size_t kTogether = 2 * kOuterRows;

}  // namespace

PassResult Pass::output(const Parameters& weights, const Batch& batch,
                        const Parameters* gradients) {
    const std::size_t N = batch.times * batch.rows, V = config_.vocabulary_size;
    const std::size_t H = config_.hidden_size, Vp = padded(V), Hp = padded(H);
    PassResult result;
    result.count = static_cast<std::size_t>(
        std::count_if(batch.targets, batch.targets + N,
                      [this](std::int64_t target) { return target != config_.padding; }));
    if (result.count == 0 && gradients == nullptr) return result;
    const Gates outputs{V, 0, 1};
    const Stacked stacked{weights.output_weight, H};
    pack(outputs, {stacked}, kernels_.packed_group, output_);
    const Aligned<float> bias = spread(outputs, weights.output_bias), none(std::max(Hp, Vp));
    const std::vector<const float*> biases(kTogether, bias.data()), nones(kTogether, none.data());
    logits_.shape(std::min(N, kTogether), V);
    if (gradients != nullptr) {
        pack_back(outputs, stacked, kernels_.packed_group, output_back_);
        output_sum_.grow(Vp * Hp);
        bias_sum_.grow(Vp);
        std::fill_n(output_sum_.data(), Vp * Hp, 0.0f);
        std::fill_n(bias_sum_.data(), Vp, 0.0f);
        make_rooms(outer_room(16 * (Vp / 16 / team_->size() + 1), Hp));
    }

    const std::size_t targets = targets_of_all(batch, result.count);
    const float share = 1.0f / static_cast<float>(std::max<std::size_t>(targets, 1));
    std::vector<double> losses(kTogether);
    for (std::size_t first = 0; first < N; first += kTogether) {
        const std::size_t count = std::min(kTogether, N - first);
        split(count, [&](Part part, std::size_t) {
            const std::size_t rows = part.to - part.from;
            kernels_.cells.linear({.rows = rows,
                                   .x = nullptr,
                                   .x_size = 0,
                                   .h = top_ + first + part.from,
                                   .h_size = H,
                                   .weights = output_.data(),
                                   .blocks = Vp / 16,
                                   .last = biases.data()},
                                  logits_.from(part.from));
            for (std::size_t n = part.from; n < part.to; ++n)
                losses[n] = cross_entropy(logits_[n], batch.targets[first + n], share);
            if (gradients == nullptr) return;
            kernels_.cells.linear({.rows = rows,
                                   .x = nullptr,
                                   .x_size = 0,
                                   .h = logits_.from(part.from),
                                   .h_size = Vp,
                                   .weights = output_back_.data(),
                                   .blocks = Hp / 16,
                                   .last = nones.data()},
                                  layers_.back().dh.from(first + part.from));
        });
        for (std::size_t n = 0; n < count; ++n) result.loss += losses[n];
        if (gradients == nullptr) continue;
        split(Vp / 16, [&](Part part, std::size_t thread) {
            const std::size_t from = 16 * part.from, to = 16 * part.to;
            kernels_.training.outer_sum({.rows = count,
                                         .a = logits_.from(),
                                         .b = top_ + first,
                                         .b_size = Hp,
                                         .from = from,
                                         .to = to,
                                         .out = output_sum_.data() + from * Hp,
                                         .room = rooms_[thread].data()});
            kernels_.training.column_sum(logits_.from(), count, from, to, bias_sum_.data() + from);
        });
    }
    if (gradients != nullptr) {
        for (std::size_t v = 0; v < V; ++v)
            std::copy_n(output_sum_.data() + v * Hp, H, gradients->output_weight + v * H);
        std::copy_n(bias_sum_.data(), V, gradients->output_bias);
    }
    return result;
}

// -log p(target); the logits become their gradient, `share` times softmax less the target. For
// padding both are 0.
double Pass::cross_entropy(float* logits, std::int64_t target, float share) const {
    const std::size_t Vp = known_.size();
    if (target == config_.padding) {
        std::fill_n(logits, Vp, 0.0f);
        return 0;
    }
    const float own = logits[target], max = kernels_.max(logits, known_.data(), Vp);
    const float sum = kernels_.exp_sum(logits, known_.data(), max, logits, Vp);
    kernels_.training.scale(logits, share / sum, Vp);
    logits[target] -= share;
    return static_cast<double>(kernels_.log(sum)) + (static_cast<double>(max) - own);
}

// The mean square of the last output as dropout left it (AR), over real targets; its gradient
// joins that of the loss. See train/regularise.py.
double Pass::pay_for_activation(const Batch& batch, std::size_t count) {
    const std::size_t H = config_.hidden_size;
    const double weight = regularisers_.activation_penalty;
    const double numbers = static_cast<double>(count * H);
    if (weight == 0 || count == 0) return 0;
    double sum = 0;
    for (std::size_t n = 0; n < batch.times * batch.rows; ++n) {
        if (batch.targets[n] == config_.padding) continue;
        sum += kernels_.training.squares(top_[n], H);
        kernels_.training.add_scaled(top_[n], static_cast<float>(2 * weight / numbers),
                                     layers_.back().dh[n], padded(H));
    }
    return weight * sum / numbers;
}

// The mean square of h_t - h_(t-1) of the last layer (TAR), the same.
double Pass::pay_for_change(const Batch& batch) {
    const std::size_t H = config_.hidden_size, Hp = padded(H), B = batch.rows;
    const double weight = regularisers_.slowness_penalty;
    const std::size_t N = batch.times * B;
    const auto real = [&](std::size_t n) { return batch.targets[n] != config_.padding; };
    std::size_t count = 0;
    for (std::size_t n = B; n < N; ++n) count += real(n) ? 1 : 0;
    if (batch.whole != nullptr) count = batch.whole->changes;
    if (weight == 0 || count == 0) return 0;
    const double numbers = static_cast<double>(count * H);
    const auto factor = static_cast<float>(2 * weight / numbers);
    LayerPass& layer = layers_.back();
    Aligned<float> change(Hp);
    double sum = 0;
    for (std::size_t n = B; n < N; ++n) {
        if (!real(n)) continue;
        std::copy_n(layer.h()[n + B], Hp, change.data());
        kernels_.training.add_scaled(layer.h()[n], -1, change.data(), Hp);
        sum += kernels_.training.squares(change.data(), H);
        kernels_.training.add_scaled(change.data(), factor, layer.dh[n], Hp);
        kernels_.training.add_scaled(change.data(), -factor, layer.dh[n - B], Hp);
    }
    return weight * sum / numbers;
}

}  // namespace charlm
