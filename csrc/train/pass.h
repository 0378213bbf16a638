// One pass of a batch through a model and back: loss, state, and the gradient of every weight.
//
// T times, B rows, N = T B (row t B + b), V characters, E embedding, H hidden, L layers. Every
// float comes from the kernels, in a fixed order: the bits do not depend on threads or on the
// instruction set. Threads split rows or columns, never a sum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/team.h"
#include "base/trial.h"
#include "kernels/cell.h"
#include "kernels/kernels.h"
#include "train/layer.h"
#include "train/masks.h"
#include "train/rows.h"

namespace charlm {

struct PassConfig {
    Cell cell;
    std::size_t vocabulary_size, embedding_size, hidden_size, layers;
    std::int64_t padding;  // the id of a target that is none
};

// What is hidden while learning (shares), and what is paid for: see charlm/train/regularise.py.
struct Regularisers {
    double dropout = 0;
    bool locked = false;
    double embedding_dropout = 0, weight_dropout = 0, recurrent_dropout = 0;
    double activation_penalty = 0, slowness_penalty = 0;
};

template <class Visit>
constexpr void fields(Regularisers& regularisers, Visit visit) {
    visit("dropout", regularisers.dropout);
    visit("locked", regularisers.locked);
    visit("embedding_dropout", regularisers.embedding_dropout);
    visit("weight_dropout", regularisers.weight_dropout);
    visit("recurrent_dropout", regularisers.recurrent_dropout);
    visit("activation_penalty", regularisers.activation_penalty);
    visit("slowness_penalty", regularisers.slowness_penalty);
}

// The weights of a model, row-major, or their gradients.
struct Parameters {
    float* embedding;  // [V, E]
    std::vector<LayerParameters> layers;
    float *output_weight, *output_bias;  // [V, H], [V]
};

// The whole batch, where a pass takes some of its rows: how many stand before them, and how many
// real targets it has, in all and behind the first time.
struct Whole {
    std::size_t rows_before, targets, changes;
};

struct Batch {
    std::size_t times, rows;
    const std::int64_t *inputs, *targets;  // [T, B]
    const Whole* whole = nullptr;
};

struct PassResult {
    double loss = 0;        // nats, the sum over real targets
    std::size_t count = 0;  // of those
    double penalty = 0;
};

class Pass {
  public:
    Pass(const PassConfig& config, const Regularisers& regularisers, std::size_t threads);

    // states: of each layer [B, H], h and what the cell has beside it; read, then written.
    // Without `mask` nothing is hidden; without `gradients` there is no way back. Gradients are of
    // the mean loss over real targets and the penalty; they are written, not added to. Where the
    // rows are some of a batch, gradients and penalty are their part of those of the whole.
    PassResult run(const Parameters& weights, const Batch& batch, const std::vector<float*>& states,
                   const MaskKey* mask, const Parameters* gradients);
    // What the gates of a layer came to, [N, G], in a run that had no way back.
    void gates(std::size_t layer, float* out) const { layers_[layer].gates(out); }

  private:
    Aligned<float> seen_characters() const;
    void make_rooms(std::size_t floats);
    void embed(const Parameters& weights, const Batch& batch);
    void forward(const Batch& batch);
    PassResult output(const Parameters& weights, const Batch& batch, const Parameters* gradients);
    static std::size_t targets_of_all(const Batch& batch, std::size_t count) {
        return batch.whole == nullptr ? count : batch.whole->targets;
    }
    double cross_entropy(float* logits, std::int64_t target, float share) const;
    double pay_for_activation(const Batch& batch, std::size_t count);
    double pay_for_change(const Batch& batch);
    void backward(const Batch& batch, const Parameters& gradients);
    void hide_outputs(std::size_t layer, const Batch& batch);
    void embed_back(const Batch& batch, const Parameters& gradients);
    bool hides(double share) const { return masks_.key != nullptr && share > 0; }
    void drop(Place place, std::size_t layer, const Batch& batch, std::size_t n, float* x,
              std::size_t width) const;
    // work(part, thread): parts of [0, count), one for each thread.
    template <class Work>
    void split(std::size_t count, const Work& work) {
        team_->run([&](std::size_t thread) {
            const std::size_t threads = team_->size();
            const Part part{count * thread / threads, count * (thread + 1) / threads};
            if (part.from < part.to) work(part, thread);
        });
    }

    PassConfig config_;
    Regularisers regularisers_;
    const Kernels& kernels_;
    std::size_t threads_;
    Trial trial_{true};     // of one thread and all of them, which may be busy elsewhere
    Team* team_ = nullptr;  // of the pass that is under way
    Masks masks_;
    std::vector<LayerPass> layers_;
    Rows characters_, dcharacters_;    // [V] of E: the embedding as this pass sees it; its gradient
    Rows embedded_, dembedded_;        // [N] of E, where some numbers are hidden
    std::vector<Rows> outputs_;        // of each layer, [N] of H, the same
    float* const* top_ = nullptr;      // [N] of H: what the logits are made of
    Rows logits_;                      // some rows of V; become their gradient
    std::vector<std::int32_t> known_;  // a mask over V
    Aligned<float> output_, output_back_, output_sum_, bias_sum_;
    std::vector<Aligned<float>> rooms_;  // of each thread
};

}  // namespace charlm
