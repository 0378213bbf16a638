// A batch of beam searches, one per prompt; all hypotheses of a shard go through each step
// together.
#pragma once

#include <memory>

#include "decode/beam.h"
#include "session/prompts.h"
#include "session/session.h"
#include "session/track.h"

namespace charlm {

// n positions of P prompts and K slots. An empty slot has parent -1, id PAD and score 0.
struct BeamEvents {
    std::size_t positions = 0;
    std::vector<std::int32_t> parents, ids;  // [n, P, K]
    std::vector<double> scores;              // [n, P, K]
    std::vector<std::uint8_t> finished;      // [P]
};

class BeamShard {
  public:
    // Prompts [first, last) of the whole session. `options` must outlive this.
    BeamShard(const StepModel& model, const std::vector<Prompt>& prompts,
              const BeamOptions& options, std::size_t first, std::size_t last);

    bool done() const;
    std::size_t produced() const { return produced_; }
    // One position, of a prompt or of what follows it, or a part of one: of some hypotheses.
    void step();
    Stepper& stepper() { return *stepper_; }

    const std::vector<BeamSearch>& searches() const { return searches_; }
    const Prompts& prompts() const { return prompts_; }
    // Moves `count` positions from `from` on to the prompts' places in the events.
    void hand_out(std::size_t from, std::size_t count, std::size_t all_prompts, BeamEvents& events);

  private:
    // One open hypothesis of a search.
    struct Row {
        std::size_t search, slot;
    };

    void begin_position();
    void feed(std::size_t first, std::size_t last);
    void end_position();

    const StepModel& model_;
    const BeamOptions& options_;
    std::size_t first_;
    Prompts prompts_;
    Expander expander_;
    std::vector<BeamSearch> searches_;
    std::unique_ptr<Stepper> stepper_;
    StepRows rows_;
    std::vector<Row> open_;  // of all searches, in order
    std::size_t next_ = 0;   // of open_, the first that this position has yet to reach
    // Of each search, its first row among the open ones, and that of their parents.
    std::vector<std::size_t> places_, places_of_parents_;
    // Double-buffered: a step reads the states of the parents and writes those of the children.
    Aligned<float> states_, next_states_, logits_;
    std::size_t produced_ = 0;
    Track<std::int32_t> parents_, ids_;
    Track<double> scores_;
};

class BeamSession {
  public:
    using Options = BeamOptions;

    BeamSession(std::shared_ptr<const StepModel> model, const std::vector<Prompt>& prompts,
                const BeamOptions& options, std::size_t threads);

    std::size_t prompts() const { return prompts_; }
    std::size_t width() const { return options_.width; }
    const StepModel& model() const { return *model_; }
    bool done() const;
    BeamEvents advance(std::size_t n, double budget_ms);

    struct Best {
        Ids ids;
        double log_prob, score;
        std::int64_t length;
        bool finished;
    };
    // The K best of a prompt as they stand, best first.
    std::vector<Best> best(std::size_t prompt) const;
    // Raises ValueError before the prompt is fed.
    PromptState prompt_state(std::size_t prompt) const;
    // How many ids of the prompts have been fed, of how many.
    std::pair<std::size_t, std::size_t> progress() const;

  private:
    std::size_t shard_of(std::size_t prompt) const;

    std::shared_ptr<const StepModel> model_;
    BeamOptions options_;
    std::size_t prompts_, threads_, delivered_ = 0;
    std::vector<std::size_t> bounds_;
    std::vector<BeamShard> shards_;
    mutable std::mutex guard_;
};

}  // namespace charlm
