// A batch of completions being sampled: N = prompts x samples rows, in that order.
#pragma once

#include <memory>
#include <optional>

#include "decode/allowed.h"
#include "decode/ngrams.h"
#include "decode/stops.h"
#include "session/details.h"
#include "session/prompts.h"
#include "session/session.h"

namespace charlm {

struct SamplingOptions {
    Filters filters;
    std::size_t no_repeat_ngram = 0;  // 0: off
    std::vector<std::int32_t> banned;
    std::vector<Ids> stops;
    std::size_t samples = 1;            // per prompt
    std::int64_t max_length = 0;        // new characters and EOS
    std::int64_t min_length = 0;        // before so many new characters nothing ends a row
    std::optional<std::size_t> rivals;  // none: no details
};

template <class Visit>
void fields(SamplingOptions& options, Visit visit) {
    fields(options.filters, visit);
    visit("no_repeat_ngram", options.no_repeat_ngram);
    visit("banned", options.banned);
    visit("stops", options.stops);
    visit("samples", options.samples);
    visit("max_length", options.max_length);
    visit("min_length", options.min_length);
    visit("rivals", options.rivals);
}

// What `advance` hands out: n positions of N rows. After a row's end: PAD and 0. A row whose
// logits overflow ends there, without an id.
struct SampleEvents {
    std::size_t positions = 0;
    std::vector<std::int32_t> ids;       // [n, N]
    std::vector<float> log_probs;        // [n, N], of the raw model
    std::vector<std::uint8_t> finished;  // [N]
    std::optional<DetailEvents> details;
};

class SamplingShard {
  public:
    // Rows [first, last) of the whole session.
    SamplingShard(const StepModel& model, const std::vector<Prompt>& prompts,
                  const SamplingOptions& options, std::size_t first, std::size_t last);

    bool done() const { return prompts_.fed() && live_.empty(); }
    std::size_t produced() const { return produced_; }
    // One position, of a prompt or of what follows it, or a part of one: of some rows.
    void step();
    Stepper& stepper() { return *stepper_; }
    const Prompts& prompts() const { return prompts_; }

    // Moves `count` positions from `from` on into columns [first, last) of the events.
    void hand_out(std::size_t from, std::size_t count, std::size_t all_rows, SampleEvents& events);

  private:
    struct Row {
        std::size_t prompt;    // of this shard
        std::uint32_t sample;  // index, which names its dice
        std::int32_t id;       // drawn last
        std::size_t ended;     // positions after which it ended, or 0
        Stops::Progress stops;
        std::optional<Ngrams> ngrams;
    };

    void read_prompts();
    void begin_position();
    void feed(std::size_t first, std::size_t last);
    void choose(std::size_t r);
    bool ends(Row& row) const;
    void end_position();

    const StepModel& model_;
    SamplingOptions options_;
    std::size_t first_;
    Prompts prompts_;
    std::vector<Ngrams> ngrams_;  // of the prompts
    Softmax softmax_;
    AllowedIds allowed_;
    Sampler sampler_;
    Stops stops_;
    std::unique_ptr<Stepper> stepper_;
    StepRows rows_;
    std::vector<Row> all_;
    std::vector<std::size_t> live_;  // indices into all_, in order
    std::size_t next_ = 0;           // of live_, the first that this position has yet to reach
    Aligned<float> states_, logits_;
    std::size_t produced_ = 0;
    Track<std::int32_t> ids_;
    Track<float> log_probs_;
    std::optional<DetailTracks> details_;
};

class SamplingSession {
  public:
    using Options = SamplingOptions;

    SamplingSession(std::shared_ptr<const StepModel> model, const std::vector<Prompt>& prompts,
                    const SamplingOptions& options, std::size_t threads);

    const StepModel& model() const { return *model_; }
    std::size_t rows() const { return rows_; }
    std::optional<std::size_t> rivals() const { return rivals_; }
    bool done() const;
    SampleEvents advance(std::size_t n, double budget_ms);
    // Raises ValueError before the prompt is fed.
    PromptState prompt_state(std::size_t prompt) const;
    // How many ids of the prompts have been fed, of how many.
    std::pair<std::size_t, std::size_t> progress() const;

  private:
    std::shared_ptr<const StepModel> model_;
    std::size_t rows_, samples_, threads_, delivered_ = 0;
    std::optional<std::size_t> rivals_;
    std::vector<std::size_t> bounds_;  // of the shards' rows
    std::vector<SamplingShard> shards_;
    mutable std::mutex guard_;
};

}  // namespace charlm
