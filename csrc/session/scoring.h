// The log-probability of every character of given texts, under the raw model.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "decode/rivals.h"
#include "decode/softmax.h"
#include "session/prompts.h"
#include "session/session.h"

namespace charlm {

// Feeds inputs[s] and reads the log-probability of targets[s] at every position; not a number
// where the logits overflow.
struct ScoredText {
    Ids inputs, targets;
    std::vector<float> log_probs;  // [T]
    // Details, with R rivals; empty unless asked for.
    std::vector<std::int32_t> ranks, rival_ids;     // [T], [T, R]
    std::vector<float> entropies, rival_log_probs;  // [T], [T, R]
};

class ScoringShard {
  public:
    ScoringShard(const StepModel& model, std::vector<ScoredText*> texts,
                 std::optional<std::size_t> rivals);

    bool done() const { return texts_.empty(); }
    std::size_t produced() const { return steps_; }
    // Targets scored so far.
    std::size_t scored() const { return scored_; }
    void step();
    Stepper& stepper() { return *stepper_; }

  private:
    void read(const float* logits, ScoredText& text);

    const StepModel& model_;
    std::vector<ScoredText*> texts_;  // shortest first; the group being fed is at the end
    Softmax softmax_;
    std::optional<Rivals> rivals_;
    std::unique_ptr<Stepper> stepper_;
    StepRows rows_;
    Aligned<float> states_, logits_;
    std::size_t steps_ = 0, position_ = 0, scored_ = 0;
};

class ScoringSession {
  public:
    ScoringSession(std::shared_ptr<const StepModel> model, std::vector<Ids> inputs,
                   std::vector<Ids> targets, std::optional<std::size_t> rivals,
                   std::size_t threads);

    std::optional<std::size_t> rivals() const { return rivals_; }
    bool done() const;
    void advance(std::size_t n, double budget_ms);
    // As they stand.
    std::vector<ScoredText> texts() const;
    std::vector<std::vector<float>> log_probs() const;
    // How many targets have been scored, of how many.
    std::pair<std::size_t, std::size_t> progress() const;

  private:
    std::shared_ptr<const StepModel> model_;
    std::optional<std::size_t> rivals_;
    std::size_t threads_, steps_ = 0;
    std::vector<ScoredText> texts_;
    std::vector<ScoringShard> shards_;
    mutable std::mutex guard_;
};

}  // namespace charlm
