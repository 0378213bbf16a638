// The step model: initial_state, step. Rows are sequences; a row's state is a plain vector.
#pragma once

#include <cstdint>
#include <vector>

#include "base/team.h"
#include "base/trial.h"
#include "model/weights.h"

namespace charlm {

// Scratch memory of one thread's steps: rows of floats or int8, and pointers to rows. With a
// team, its threads share the blocks of large products; `shares` says whether that is faster.
struct Workspace {
    Team* team = nullptr;
    Trial shares;
    Aligned<float> x_memory, h_memory, update_memory, reset_memory;
    Aligned<std::int8_t> int8_x_memory, int8_h_memory;
    std::vector<float*> x, h, update, reset_h, c, logits;
    std::vector<std::int8_t*> int8_x, int8_h;
    std::vector<const float*> h_in, c_in, last, top;
};

// One position of N rows. Row n reads the state in[n] and the character ids[n], writes the
// state out[n] (which may be in[n], but not another row's in) and, where
// logits[n] is not null, V logits padded to 16 lanes.
struct StepRows {
    std::vector<std::int32_t> ids;
    std::vector<const float*> in;
    std::vector<float*> out;
    std::vector<float*> logits;

    std::size_t size() const { return ids.size(); }
    void clear();
    void add(std::int32_t id, const float* in_state, float* out_state, float* row_logits);
};

class Model {
  public:
    Model(const ModelConfig& config, const Tensors& tensors);

    const ModelConfig& config() const { return weights_.config; }
    const Kernels& kernels() const { return kernels_; }
    std::size_t state_size() const { return config().state_size(); }
    std::size_t logits_size() const { return config().padded_vocabulary(); }

    // The state before any character is zero: an Aligned<float>(state_size()) is one.
    void step(const StepRows& rows, Workspace& work) const;

  private:
    template <class P>
    void step_all(const Cells<P>& cells, const StepRows& rows, Workspace& work) const;
    template <class P>
    void step_layer(const Cells<P>& cells, std::size_t layer, const StepRows& rows,
                    Workspace& work) const;
    template <class P>
    void write_logits(const Cells<P>& cells, const StepRows& rows, Workspace& work) const;
    // A product of rows x (of the layer below; none for layer 0) and h, as the cells take it.
    template <class P>
    P product(const GateProduct& weights, const std::vector<float*>& x,
              const float* const* h, std::size_t rows, Workspace& work) const;

    const Kernels& kernels_;
    Weights weights_;
};

}  // namespace charlm
