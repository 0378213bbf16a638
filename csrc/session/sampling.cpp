#include "session/sampling.h"

#include <algorithm>

#include "decode/ids.h"

namespace charlm {
namespace {

// Two of the model's chunks: full tiles, and a step that stays short however many rows there are.
constexpr std::size_t kRowsPerStep = 96;

// The prompts that rows [first, last) belong to.
std::vector<Prompt> prompts_of_rows(const std::vector<Prompt>& prompts, std::size_t samples,
                                    std::size_t first, std::size_t last) {
    if (first == last) return {};
    const auto begin = prompts.begin();
    return {begin + static_cast<std::ptrdiff_t>(first / samples),
            begin + static_cast<std::ptrdiff_t>((last - 1) / samples + 1)};
}

}  // namespace

SamplingShard::SamplingShard(const StepModel& model, const std::vector<Prompt>& prompts,
                             const SamplingOptions& options, std::size_t first, std::size_t last)
    : model_(model),
      options_(options),
      first_(first),
      prompts_(model, prompts_of_rows(prompts, options.samples, first, last)),
      softmax_(model.kernels(), model.vocabulary_size()),
      allowed_(model.vocabulary_size(), options.banned),
      sampler_(model.kernels(), model.vocabulary_size(), options.filters),
      stops_(model.vocabulary_size(), options.stops),
      stepper_(model.stepper()),
      states_((last - first) * model.state_size()),
      logits_((last - first) * model.logits_size()),
      ids_(last - first, kPad),
      log_probs_(last - first, 0) {
    if (options.rivals) details_.emplace(model.vocabulary_size(), last - first, *options.rivals);
    for (std::size_t row = first; row < last; ++row) {
        const std::size_t prompt = row / options.samples - first / options.samples;
        const auto place = static_cast<std::uint32_t>(row % options.samples);
        all_.push_back({prompt, prompts_.dice(prompt).sample + place, kPad, 0, {}, {}});
        if (options.max_length > 0) live_.push_back(row - first);
    }
    if (options.no_repeat_ngram > 0)
        ngrams_.assign(prompts_.size(), Ngrams(options.no_repeat_ngram));
    read_prompts();
}

void SamplingShard::step() {
    if (!prompts_.fed()) {
        prompts_.step(*stepper_);
        return read_prompts();
    }
    if (next_ == 0) begin_position();
    const std::size_t last = std::min(next_ + kRowsPerStep, live_.size());
    if (produced_ > 0) feed(next_, last);
    for (; next_ < last; ++next_) choose(live_[next_]);
    if (next_ == live_.size()) end_position();
}

// Takes what has been fed of the prompts, but for their start ids, into their n-grams.
void SamplingShard::read_prompts() {
    for (std::size_t p = 0; p < ngrams_.size(); ++p)
        while (ngrams_[p].size() + 1 < prompts_.fed_length(p))
            ngrams_[p].append(prompts_.ids(p)[ngrams_[p].size() + 1]);
}

void SamplingShard::begin_position() {
    ids_.begin_position();
    log_probs_.begin_position();
    if (details_) details_->begin_position();
    if (produced_ > 0 || ngrams_.empty()) return;
    for (Row& row : all_) row.ngrams = Ngrams::after(ngrams_[row.prompt]);
}

void SamplingShard::feed(std::size_t first, std::size_t last) {
    rows_.clear();
    for (std::size_t i = first; i < last; ++i) {
        const std::size_t r = live_[i];
        float* state = states_.data() + r * model_.state_size();
        const float* in = produced_ == 1 ? prompts_.state(all_[r].prompt) : state;
        rows_.add(all_[r].id, in, state, logits_.data() + r * model_.logits_size());
    }
    stepper_->step(rows_);
}

void SamplingShard::choose(std::size_t r) {
    Row& row = all_[r];
    const float* logits =
        produced_ == 0 ? prompts_.logits(row.prompt) : logits_.data() + r * model_.logits_size();
    if (!model_.kernels().all_finite(logits, model_.logits_size())) {
        row.ended = produced_ + 1;
        return;
    }
    const auto position = static_cast<std::uint32_t>(prompts_.length(row.prompt) + produced_);
    const bool may_end = static_cast<std::int64_t>(produced_) >= options_.min_length;
    const std::int32_t* allowed = allowed_.after(may_end, row.ngrams ? &*row.ngrams : nullptr);
    const std::uint64_t key = prompts_.dice(row.prompt).key;
    row.id = sampler_.draw(logits, allowed, {key, row.sample, position, 0});
    softmax_.read(logits);
    ids_.last()[r] = row.id;
    log_probs_.last()[r] = softmax_.log_prob(logits[static_cast<std::size_t>(row.id)]);
    if (details_) details_->note(r, row.id, logits, softmax_, sampler_);
    if (ends(row)) row.ended = produced_ + 1;
}

// Whether a row ends with the id it has just drawn, which is taken into what it remembers.
bool SamplingShard::ends(Row& row) const {
    const auto length = static_cast<std::int64_t>(produced_ + 1);
    const bool stopped = stops_.take(row.id, row.stops) && length >= options_.min_length;
    if (row.ngrams) row.ngrams->append(row.id);
    return stopped || row.id == kEos || length == options_.max_length;
}

void SamplingShard::end_position() {
    ++produced_;
    next_ = 0;
    std::erase_if(live_, [this](std::size_t r) { return all_[r].ended != 0; });
}

void SamplingShard::hand_out(std::size_t from, std::size_t count, std::size_t all_rows,
                             SampleEvents& events) {
    ids_.hand_out(count, events.ids.data() + first_, all_rows);
    log_probs_.hand_out(count, events.log_probs.data() + first_, all_rows);
    if (details_) details_->hand_out(count, first_, all_rows, *events.details);
    for (std::size_t r = 0; r < all_.size(); ++r)
        events.finished[first_ + r] =
            options_.max_length == 0 || (all_[r].ended != 0 && all_[r].ended <= from + count);
}

SamplingSession::SamplingSession(std::shared_ptr<const StepModel> model,
                                 const std::vector<Prompt>& prompts, const SamplingOptions& options,
                                 std::size_t threads)
    : model_(std::move(model)),
      rows_(prompts.size() * options.samples),
      samples_(options.samples),
      threads_(threads),
      rivals_(options.rivals),
      bounds_(split_evenly(rows_, threads)) {
    check(options.samples >= 1 && options.samples <= 1u << 20, "samples must be from 1 to 2^20");
    check_limits(options.max_length, options.min_length, options.no_repeat_ngram);
    for (std::size_t i = 0; i + 1 < bounds_.size(); ++i)
        shards_.emplace_back(*model_, prompts, options, bounds_[i], bounds_[i + 1]);
}

bool SamplingSession::done() const {
    const std::lock_guard lock(guard_);
    return std::all_of(shards_.begin(), shards_.end(), [this](const SamplingShard& shard) {
        return shard.done() && shard.produced() <= delivered_;
    });
}

SampleEvents SamplingSession::advance(std::size_t n, double budget_ms) {
    const std::lock_guard lock(guard_);
    SampleEvents events;
    events.positions = advance_shards(shards_, threads_, delivered_, n, budget_ms);
    events.ids.resize(events.positions * rows_, kPad);
    events.log_probs.resize(events.positions * rows_, 0);
    events.finished.resize(rows_);
    if (rivals_) events.details.emplace().resize(events.positions * rows_, *rivals_);
    for (SamplingShard& shard : shards_)
        shard.hand_out(delivered_, events.positions, rows_, events);
    delivered_ += events.positions;
    return events;
}

PromptState SamplingSession::prompt_state(std::size_t prompt) const {
    const std::lock_guard lock(guard_);
    const std::size_t prompts = rows_ / samples_, row = prompt * samples_;
    check(prompt < prompts, "prompt " + std::to_string(prompt) + " of " + std::to_string(prompts));
    const auto shard = static_cast<std::size_t>(
        std::upper_bound(bounds_.begin(), bounds_.end(), row) - bounds_.begin() - 1);
    return shards_[shard].prompts().read_state(prompt - bounds_[shard] / samples_);
}

std::pair<std::size_t, std::size_t> SamplingSession::progress() const {
    const std::lock_guard lock(guard_);
    return prompt_progress(shards_);
}

}  // namespace charlm
