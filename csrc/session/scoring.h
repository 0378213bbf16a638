// The log-probability of every character of given texts, under the raw model.
#pragma once

#include <memory>

#include "decode/softmax.h"
#include "session/prompts.h"
#include "session/session.h"

namespace charlm {

// Feeds inputs[s] and reads the log-probability of targets[s] at every position.
struct ScoredText {
    Ids inputs, targets;
    std::vector<float> log_probs;
};

class ScoringShard {
  public:
    ScoringShard(const Model& model, std::vector<ScoredText*> texts);

    bool done() const { return texts_.empty(); }
    std::size_t produced() const { return steps_; }
    void step();

  private:
    const Model& model_;
    std::vector<ScoredText*> texts_;  // shortest first; the group being fed is at the end
    Softmax softmax_;
    Workspace work_;
    StepRows rows_;
    Aligned<float> states_, logits_;
    std::size_t steps_ = 0, position_ = 0;
};

class ScoringSession {
  public:
    ScoringSession(std::shared_ptr<const Model> model, const std::vector<Ids>& inputs,
                   const std::vector<Ids>& targets, std::size_t threads);

    bool done() const;
    void advance(std::size_t n, double budget_ms);
    const std::vector<ScoredText>& texts() const { return texts_; }

  private:
    std::shared_ptr<const Model> model_;
    std::size_t steps_ = 0;
    std::vector<ScoredText> texts_;
    std::vector<ScoringShard> shards_;
    mutable std::mutex guard_;
};

}  // namespace charlm
