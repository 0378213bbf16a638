#include "train/pass.h"

#include <algorithm>
#include <chrono>

namespace charlm {

Pass::Pass(const PassConfig& config, const Regularisers& regularisers, std::size_t threads)
    : config_(config),
      regularisers_(regularisers),
      kernels_(select_kernels()),
      threads_(threads),
      outputs_(config.layers),
      known_(padded(config.vocabulary_size)),
      rooms_(threads) {
    for (std::size_t l = 0; l < config.layers; ++l)
        layers_.emplace_back(config_.cell, l, l == 0 ? config.embedding_size : config.hidden_size,
                             config.hidden_size, regularisers.weight_dropout,
                             regularisers.recurrent_dropout, kernels_);
    std::fill_n(known_.begin(), config.vocabulary_size, -1);
}

PassResult Pass::run(const Parameters& weights, const Batch& batch,
                     const std::vector<float*>& states, const MaskKey* mask,
                     const Parameters* gradients) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point begun = Clock::now();
    const StandardRounding rounding;
    Team team(trial_.way() ? threads_ : 1);  // ends here: a process may fork between passes
    team_ = &team;
    masks_.key = mask;
    masks_.rows_before = batch.whole == nullptr ? 0 : batch.whole->rows_before;
    embed(weights, batch);
    const std::size_t vectors = config_.cell.states, N = batch.times * batch.rows;
    for (std::size_t l = 0; l < config_.layers; ++l) {
        if (hides(regularisers_.dropout)) outputs_[l].shape(N, config_.hidden_size);
        layers_[l].begin(weights.layers[l], masks_, batch.times, batch.rows,
                         states.data() + l * vectors, gradients != nullptr);
        float* const* out =
            hides(regularisers_.dropout) ? outputs_[l].from() : layers_[l].h().from(batch.rows);
        if (l + 1 < config_.layers)
            layers_[l + 1].read(out, N);
        else
            top_ = out;
    }
    forward(batch);
    PassResult result = output(weights, batch, gradients);
    if (gradients != nullptr) {
        result.penalty = pay_for_activation(batch, targets_of_all(batch, result.count));
        hide_outputs(config_.layers - 1, batch);
        result.penalty += pay_for_change(batch);
        backward(batch, *gradients);
    }
    for (std::size_t l = 0; l < config_.layers; ++l) layers_[l].end(states.data() + l * vectors);
    if (threads_ > 1 && gradients != nullptr)
        trial_.took(std::chrono::duration<double>(Clock::now() - begun).count() /
                    static_cast<double>(N));
    return result;
}

// The mask of row n = t B + b: the same at all times where it is locked.
void Pass::drop(Place place, std::size_t layer, const Batch& batch, std::size_t n, float* x,
                std::size_t width) const {
    const std::size_t time = regularisers_.locked ? 0 : n / batch.rows;
    masks_.drop(kernels_, regularisers_.dropout, place, layer, time, n % batch.rows, x, width);
}

// What the embedding of each character is multiplied with.
Aligned<float> Pass::seen_characters() const {
    Aligned<float> seen(known_.size());
    std::fill_n(seen.data(), seen.size(), 1.0f);
    if (hides(regularisers_.embedding_dropout))
        masks_.drop(kernels_, regularisers_.embedding_dropout, Place::characters, 0, 0, 0,
                    seen.data(), seen.size());
    return seen;
}

// Makes room for the outer sums of each thread that is at work.
void Pass::make_rooms(std::size_t floats) {
    for (std::size_t thread = 0; thread < team_->size(); ++thread) rooms_[thread].grow(floats);
}

void Pass::embed(const Parameters& weights, const Batch& batch) {
    const std::size_t V = config_.vocabulary_size, E = config_.embedding_size;
    characters_.shape(V, E);
    const Aligned<float> seen = seen_characters();
    for (std::size_t v = 0; v < V; ++v) {
        std::copy_n(weights.embedding + v * E, E, characters_[v]);
        kernels_.training.scale(characters_[v], seen[v], characters_.width());
    }
    if (!hides(regularisers_.dropout)) return layers_[0].read(characters_.from(), V, batch.inputs);
    const std::size_t N = batch.times * batch.rows;
    embedded_.shape(N, E);
    split(N, [&](Part part, std::size_t) {
        for (std::size_t n = part.from; n < part.to; ++n) {
            std::copy_n(characters_[static_cast<std::size_t>(batch.inputs[n])], embedded_.width(),
                        embedded_[n]);
            drop(Place::input, 0, batch, n, embedded_[n], embedded_.width());
        }
    });
    layers_[0].read(embedded_.from(), N);
}

// Rows are each other's strangers: a thread takes its own through all layers.
void Pass::forward(const Batch& batch) {
    split(batch.rows, [&](Part part, std::size_t) {
        for (std::size_t l = 0; l < config_.layers; ++l) {
            layers_[l].forward(part);
            if (!hides(regularisers_.dropout)) continue;
            const Rows& h = layers_[l].h();
            for (std::size_t t = 0; t < batch.times; ++t)
                for (std::size_t b = part.from; b < part.to; ++b) {
                    const std::size_t n = t * batch.rows + b;
                    std::copy_n(h[n + batch.rows], h.width(), outputs_[l][n]);
                    drop(Place::output, l, batch, n, outputs_[l][n], h.width());
                }
        }
    });
}

// The gradient of a layer's output, behind its mask.
void Pass::hide_outputs(std::size_t layer, const Batch& batch) {
    if (!hides(regularisers_.dropout)) return;
    const Rows& dh = layers_[layer].dh;
    split(dh.count(), [&](Part part, std::size_t) {
        for (std::size_t n = part.from; n < part.to; ++n)
            drop(Place::output, layer, batch, n, dh[n], dh.width());
    });
}

void Pass::backward(const Batch& batch, const Parameters& gradients) {
    const std::size_t N = batch.times * batch.rows;
    for (std::size_t l = config_.layers; l-- > 0;) {
        LayerPass& layer = layers_[l];
        split(batch.rows, [&](Part part, std::size_t) { layer.backward(part); });
        const bool by_id = l == 0 && !hides(regularisers_.dropout);
        if (by_id) {
            layer.begin_gather();
            split(layer.sixteens(), [&](Part part, std::size_t) { layer.gather(part); });
        }
        make_rooms(layer.room(team_->size()));
        split(layer.sixteens(), [&](Part part, std::size_t thread) {
            layer.weight_gradients(part, gradients.layers[l], rooms_[thread].data());
        });
        layer.hide_gradients(gradients.layers[l]);
        const Rows& dx = l > 0 ? layers_[l - 1].dh : by_id ? dcharacters_ : dembedded_;
        if (l == 0) {
            dcharacters_.shape(config_.vocabulary_size, config_.embedding_size);
            dembedded_.shape(by_id ? 0 : N, config_.embedding_size);
        }
        split(layer.inputs(), [&](Part part, std::size_t) { layer.input_gradient(part, dx); });
        if (l > 0) hide_outputs(l - 1, batch);
    }
    embed_back(batch, gradients);
}

void Pass::embed_back(const Batch& batch, const Parameters& gradients) {
    const std::size_t V = config_.vocabulary_size, E = config_.embedding_size;
    if (hides(regularisers_.dropout)) {
        dcharacters_.zero();
        for (std::size_t n = 0; n < batch.times * batch.rows; ++n) {
            drop(Place::input, 0, batch, n, dembedded_[n], dembedded_.width());
            kernels_.training.add(dembedded_[n],
                                  dcharacters_[static_cast<std::size_t>(batch.inputs[n])],
                                  dembedded_.width());
        }
    }
    const Aligned<float> seen = seen_characters();
    for (std::size_t v = 0; v < V; ++v) {
        kernels_.training.scale(dcharacters_[v], seen[v], dcharacters_.width());
        std::copy_n(dcharacters_[v], E, gradients.embedding + v * E);
    }
}

}  // namespace charlm
