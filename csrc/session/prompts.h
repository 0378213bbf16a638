// Feeds prompts of different lengths, all at once; each goes on from what is known of it.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"
#include "decode/dice.h"
#include "model/step_model.h"

namespace charlm {

using Ids = std::vector<std::int32_t>;

// What a model knows of a text it has been fed.
struct PromptState {
    std::vector<float> state;   // of the shape StepModel::state_shape
    std::vector<float> logits;  // [V], of the next character
};

// The ids before a text, the start id first, the first `fed` of which are in `start` already;
// and the dice of what follows them.
struct Prompt {
    Ids ids;
    std::size_t fed = 0;
    PromptState start;
    Dice dice;
};

class Prompts {
  public:
    // Each prompt begins with the start id, so none is empty.
    Prompts(const StepModel& model, std::vector<Prompt> prompts);

    bool fed() const { return open_.empty(); }
    bool fed(std::size_t prompt) const {
        return prompts_[prompt].fed == prompts_[prompt].ids.size();
    }
    // Feeds one id to each of some prompts: few enough to take little time.
    void step(Stepper& stepper);

    std::size_t size() const { return prompts_.size(); }
    const Ids& ids(std::size_t prompt) const { return prompts_[prompt].ids; }
    const Dice& dice(std::size_t prompt) const { return prompts_[prompt].dice; }
    std::size_t length(std::size_t prompt) const { return prompts_[prompt].ids.size(); }
    std::size_t fed_length(std::size_t prompt) const { return prompts_[prompt].fed; }
    // How many ids have been fed, of how many in all.
    std::pair<std::size_t, std::size_t> progress() const;
    const float* state(std::size_t prompt) const {
        return states_.data() + prompt * model_.state_size();
    }
    const float* logits(std::size_t prompt) const {
        return logits_.data() + prompt * model_.logits_size();
    }
    // Raises ValueError before the prompt is fed.
    PromptState read_state(std::size_t prompt) const;

  private:
    void start_from(std::size_t prompt);

    const StepModel& model_;
    std::vector<Prompt> prompts_;
    std::vector<std::size_t> open_;  // those with ids left to feed
    std::size_t next_ = 0;           // of open_, the first that the next step feeds
    Aligned<float> states_, logits_;
    StepRows rows_;
};

// Raises ValueError unless every id is one of the model's.
void check_ids(const StepModel& model, const Ids& ids);

}  // namespace charlm
