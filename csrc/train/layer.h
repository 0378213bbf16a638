// One layer over all times, there and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cell.h"
#include "kernels/kernels.h"
#include "kernels/stacked.h"
#include "train/masks.h"
#include "train/rows.h"

namespace charlm {

// The weights of a layer, row-major, or their gradients. Null where it has none.
struct LayerParameters {
    float *input, *hidden, *bias;  // [G, I], [G, H], [G]
};

// Part [from, to) of what threads share out.
struct Part {
    std::size_t from, to;
};

class LayerPass {
  public:
    LayerPass(const Cell& cell, std::size_t number, std::size_t input_size, std::size_t hidden_size,
              double weight_dropout, double candidate_dropout, const Kernels& kernels);

    // What it reads, I each: N rows, or V rows of which `ids` [N] names one for each row. Those
    // meet the input weights once, and the products are looked up.
    void read(float* const* x, std::size_t count, const std::int64_t* ids = nullptr);

    // Packs the weights and makes room for T times of B rows. state: [B, H] each.
    void begin(const LayerParameters& weights, const Masks& masks, std::size_t times,
               std::size_t rows, float* const* state, bool back);
    // All times of some of the B rows.
    void forward(Part rows);
    void end(float* const* state) const;
    // What the gates came to, [N, G] as the weights are stacked, where there was no way back.
    void gates(float* out) const;

    // The gradient of its output, [N] of H: to be filled before `backward`, which uses it up.
    Rows dh;
    // All times of some of the B rows; then the gradients of the gates' sums stand in their place.
    void backward(Part rows);

    // How many sixteens of gates there are, of all products.
    std::size_t sixteens() const;
    // For layers that read by ids: adds up what was looked up, of some sixteens.
    void begin_gather();
    void gather(Part sixteens);
    // The gradient of some of the rows that it reads.
    void input_gradient(Part inputs, const Rows& dx) const;
    // Those of the weights, of some sixteens.
    void weight_gradients(Part sixteens, const LayerParameters& gradients, float* room) const;
    std::size_t room(std::size_t threads) const;  // floats of it, for a part of so many
    // To be called when all are there.
    void hide_gradients(const LayerParameters& gradients) const;

    // [T + 1] times of B rows; the first is the state before.
    const Rows& h() const { return h_; }
    std::size_t inputs() const { return inputs_; }

  private:
    // One product of the cell, and what follows it.
    struct Step {
        Gates gates;
        Recurrent recurrent;
        TrainingStep run;
        Aligned<float> weights, back, input_back;  // packed
        Rows table, dtable;                        // by id, or the bias alone
        Rows kept;  // [N]: what the gates came to; then the gradient of their sums
        std::vector<const float*> last;  // [N]
    };

    void pack_step(Step& step, const LayerParameters& weights, bool back);
    float* hide_weights(const float* hidden);
    void make_table(Step& step, const LayerParameters& weights);
    // What the product takes for its h, from row n of the N on; null where it takes none.
    float* const* operand(const Step& step, std::size_t n) const;
    template <class Work>
    void each_step(Part sixteens, Work work) const;

    const Cell& cell_;
    std::size_t number_, I_, H_;
    double weight_dropout_, candidate_dropout_;
    const Kernels& kernels_;
    const Masks* masks_ = nullptr;
    std::vector<Step> steps_;
    std::size_t times_ = 0, rows_ = 0;
    float* const* x_ = nullptr;
    std::size_t inputs_ = 0;
    const std::int64_t* ids_ = nullptr;
    Rows h_, c_;         // [T + 1] times of B rows
    Rows reset_, keep_;  // [N]: what one product leaves for the next; masks of the candidate
    Rows dc_, dreset_, left_, zero_;  // B rows each
    std::vector<const float*> none_;  // a row of zeros for each that is read
    std::vector<float> hidden_;       // the recurrent weights, some of them hidden
};

}  // namespace charlm
