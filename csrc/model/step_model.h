// What can be decoded: a model that rows of characters go through step by step. Rows are
// sequences; a row's state is a plain vector, so that a beam is reordered by pointers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/team.h"
#include "base/trial.h"
#include "kernels/kernels.h"

namespace charlm {

// One position of N rows. Row n reads the state in[n] and the character ids[n], writes the
// state out[n] (which may be in[n], but not another row's in) and, where
// logits[n] is not null, V logits padded to 16 lanes.
struct StepRows {
    std::vector<std::int32_t> ids;
    std::vector<const float*> in;
    std::vector<float*> out;
    std::vector<float*> logits;

    std::size_t size() const { return ids.size(); }
    void clear() {
        ids.clear();
        in.clear();
        out.clear();
        logits.clear();
    }
    void add(std::int32_t id, const float* in_state, float* out_state, float* row_logits) {
        ids.push_back(id);
        in.push_back(in_state);
        out.push_back(out_state);
        logits.push_back(row_logits);
    }
};

// The steps of one thread, with scratch memory of their own. With a team, its threads share what
// is large in a step; `shares` says whether that is faster.
class Stepper {
  public:
    virtual ~Stepper() = default;
    virtual void step(const StepRows& rows) = 0;

    Team* team = nullptr;
    Trial shares;
};

// Immutable, so that any number of steppers may use one; it outlives them.
class StepModel {
  public:
    virtual ~StepModel() = default;
    StepModel(const StepModel&) = delete;
    StepModel& operator=(const StepModel&) = delete;

    // The loops that its logits are read with.
    const Kernels& kernels() const { return kernels_; }
    std::size_t vocabulary_size() const { return vocabulary_size_; }
    std::size_t logits_size() const { return padded(vocabulary_size_); }
    // Floats of a row's state. Before any character it is all zero.
    std::size_t state_size() const { return state_size_; }
    virtual std::unique_ptr<Stepper> stepper() const = 0;

    // A state as it is handed out and taken in: an array of this shape, without what pads it.
    virtual std::vector<std::size_t> state_shape() const = 0;
    virtual void pack(const float* array, float* state) const = 0;
    virtual void unpack(const float* state, float* array) const = 0;

  protected:
    StepModel(const Kernels& kernels, std::size_t vocabulary_size, std::size_t state_size)
        : kernels_(kernels), vocabulary_size_(vocabulary_size), state_size_(state_size) {}

  private:
    const Kernels& kernels_;
    std::size_t vocabulary_size_, state_size_;
};

}  // namespace charlm
