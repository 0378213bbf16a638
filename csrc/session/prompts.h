// Feeds prompts of different lengths, all at once, one position per step.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "model/model.h"

namespace charlm {

using Ids = std::vector<std::int32_t>;

class Prompts {
  public:
    // Each prompt begins with the start id, so none is empty.
    Prompts(const Model& model, std::vector<Ids> prompts);

    bool fed() const { return position_ == longest_; }
    void step(Workspace& work);

    std::size_t size() const { return prompts_.size(); }
    std::size_t length(std::size_t prompt) const { return prompts_[prompt].size(); }
    const float* state(std::size_t prompt) const {
        return states_.data() + prompt * model_.state_size();
    }
    const float* logits(std::size_t prompt) const {
        return logits_.data() + prompt * model_.logits_size();
    }

  private:
    const Model& model_;
    std::vector<Ids> prompts_;
    std::size_t position_ = 0, longest_ = 0;
    Aligned<float> states_, logits_;
    StepRows rows_;
};

// Raises ValueError unless every id is one of the model's.
void check_ids(const Model& model, const Ids& ids);

}  // namespace charlm
