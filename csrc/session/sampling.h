// A batch of completions being sampled: N = prompts x samples rows, in that order.
#pragma once

#include <memory>

#include "decode/beam.h"
#include "session/prompts.h"
#include "session/session.h"

namespace charlm {

struct SamplingOptions {
    Filters filters;
    std::uint64_t seed = 0;
    std::size_t samples = 1;      // per prompt; the sample index names the dice, not the place
    std::int64_t max_length = 0;  // new characters and EOS
    std::vector<std::int32_t> banned;
};

// What `advance` hands out: n positions of N rows. After a row's end: PAD and 0.
struct SampleEvents {
    std::size_t positions = 0;
    std::vector<std::int32_t> ids;  // [n, N]
    std::vector<float> log_probs;   // [n, N], of the raw model
    std::vector<std::uint8_t> finished;  // [N]
};

class SamplingShard {
  public:
    // Rows [first, last) of the whole session.
    SamplingShard(const Model& model, const std::vector<Prompt>& prompts,
                  const SamplingOptions& options, std::size_t first, std::size_t last);

    bool done() const { return prompts_.fed() && live_.empty(); }
    std::size_t produced() const { return produced_; }
    void step();
    const Prompts& prompts() const { return prompts_; }

    // Copies `count` positions from `from` on into columns [first, last) of the events.
    void deliver(std::size_t from, std::size_t count, std::size_t all_rows, SampleEvents& events);

  private:
    struct Row {
        std::size_t prompt;    // of this shard
        std::uint32_t sample;  // index within its prompt
        std::int32_t id;       // drawn last
        std::size_t ended;     // positions after which it ended, or 0
    };

    void feed_drawn();
    void draw();

    const Model& model_;
    SamplingOptions options_;
    std::size_t first_;
    Prompts prompts_;
    Softmax softmax_;
    Sampler sampler_;
    Workspace work_;
    StepRows rows_;
    std::vector<Row> all_;
    std::vector<std::size_t> live_;  // indices into all_, in order
    Aligned<float> states_, logits_;
    std::size_t produced_ = 0, delivered_ = 0;
    std::vector<std::int32_t> ids_;
    std::vector<float> log_probs_;
};

class SamplingSession {
  public:
    SamplingSession(std::shared_ptr<const Model> model, const std::vector<Prompt>& prompts,
                    const SamplingOptions& options, std::size_t threads);

    std::size_t rows() const { return rows_; }
    const Model& model() const { return *model_; }
    bool done() const;
    SampleEvents advance(std::size_t n, double budget_ms);
    // Raises ValueError before the prompt is fed.
    PromptState prompt_state(std::size_t prompt) const;

  private:
    std::shared_ptr<const Model> model_;
    std::size_t rows_, samples_, delivered_ = 0;
    std::vector<std::size_t> bounds_;  // of the shards' rows
    std::vector<SamplingShard> shards_;
    mutable std::mutex guard_;
};

}  // namespace charlm
