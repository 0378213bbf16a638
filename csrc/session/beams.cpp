#include "session/beams.h"

#include <algorithm>

namespace charlm {
namespace {

// Open hypotheses that a step feeds and expands.
constexpr std::size_t kRowsPerStep = 96;

}  // namespace

BeamShard::BeamShard(const StepModel& model, const std::vector<Prompt>& prompts,
                     const BeamOptions& options, std::size_t first, std::size_t last)
    : model_(model),
      options_(options),
      first_(first),
      prompts_(model, {prompts.begin() + static_cast<std::ptrdiff_t>(first),
                       prompts.begin() + static_cast<std::ptrdiff_t>(last)}),
      expander_(model.kernels(), model.vocabulary_size(), options),
      stepper_(model.stepper()),
      places_(last - first),
      logits_(kRowsPerStep * model.logits_size()),
      parents_((last - first) * options.width, -1),
      ids_((last - first) * options.width, kPad),
      scores_((last - first) * options.width, 0) {
    for (std::size_t p = 0; p < prompts_.size(); ++p)
        searches_.emplace_back(options, prompts_.ids(p), prompts_.dice(p), expander_);
}

bool BeamShard::done() const {
    return std::all_of(searches_.begin(), searches_.end(),
                       [](const BeamSearch& search) { return search.done(); });
}

void BeamShard::step() {
    if (!prompts_.fed()) return prompts_.step(*stepper_);
    if (next_ == 0) begin_position();
    const std::size_t last = std::min(next_ + kRowsPerStep, open_.size());
    if (produced_ > 0) feed(next_, last);
    for (std::size_t row = next_; row < last; ++row) {
        const float* logits = produced_ == 0
                                  ? prompts_.logits(open_[row].search)
                                  : logits_.data() + (row - next_) * model_.logits_size();
        searches_[open_[row].search].expand(open_[row].slot, logits, expander_);
    }
    next_ = last;
    if (next_ == open_.size()) end_position();
}

void BeamShard::begin_position() {
    open_.clear();
    places_.swap(places_of_parents_);
    places_.clear();
    for (std::size_t p = 0; p < searches_.size(); ++p) {
        places_.push_back(open_.size());
        if (searches_[p].done()) continue;
        for (std::size_t k = 0; k < searches_[p].open().size(); ++k) open_.push_back({p, k});
        searches_[p].begin_position();
    }
    next_states_.grow(open_.size() * model_.state_size());
}

// Reorder: every open hypothesis reads the state of its parent and writes its own.
void BeamShard::feed(std::size_t first, std::size_t last) {
    rows_.clear();
    for (std::size_t row = first; row < last; ++row) {
        const auto [p, k] = open_[row];
        const auto parent = static_cast<std::size_t>(searches_[p].parents()[k]);
        const float* in = produced_ == 1 ? prompts_.state(p)
                                         : states_.data() + (places_of_parents_[p] + parent) *
                                                                model_.state_size();
        rows_.add(searches_[p].ids()[k], in, next_states_.data() + row * model_.state_size(),
                  logits_.data() + (row - first) * model_.logits_size());
    }
    stepper_->step(rows_);
}

void BeamShard::end_position() {
    states_.swap(next_states_);
    parents_.begin_position();
    ids_.begin_position();
    scores_.begin_position();
    ++produced_;
    next_ = 0;
    for (std::size_t p = 0; p < searches_.size(); ++p) {
        BeamSearch& search = searches_[p];
        if (search.done()) continue;
        search.end_position(expander_);
        const std::size_t place = p * options_.width;
        std::copy(search.parents().begin(), search.parents().end(), parents_.last() + place);
        std::copy(search.ids().begin(), search.ids().end(), ids_.last() + place);
        for (std::size_t k = 0; k < search.ids().size(); ++k)
            scores_.last()[place + k] = search.score(search.open()[k]);
    }
}

void BeamShard::hand_out(std::size_t from, std::size_t count, std::size_t all_prompts,
                         BeamEvents& events) {
    const std::size_t place = first_ * options_.width, stride = all_prompts * options_.width;
    parents_.hand_out(count, events.parents.data() + place, stride);
    ids_.hand_out(count, events.ids.data() + place, stride);
    scores_.hand_out(count, events.scores.data() + place, stride);
    for (std::size_t p = 0; p < searches_.size(); ++p)
        events.finished[first_ + p] =
            searches_[p].done() && searches_[p].length() <= static_cast<std::int64_t>(from + count);
}

BeamSession::BeamSession(std::shared_ptr<const StepModel> model, const std::vector<Prompt>& prompts,
                         const BeamOptions& options, std::size_t threads)
    : model_(std::move(model)),
      options_(options),
      prompts_(prompts.size()),
      threads_(threads),
      bounds_(split_evenly(prompts.size(), threads)) {
    check_options(options_);
    check_limits(options_.max_length, options_.min_length, options_.no_repeat_ngram);
    for (std::size_t i = 0; i + 1 < bounds_.size(); ++i)
        shards_.emplace_back(*model_, prompts, options_, bounds_[i], bounds_[i + 1]);
}

bool BeamSession::done() const {
    const std::lock_guard lock(guard_);
    return std::all_of(shards_.begin(), shards_.end(), [this](const BeamShard& shard) {
        return shard.done() && shard.produced() <= delivered_;
    });
}

BeamEvents BeamSession::advance(std::size_t n, double budget_ms) {
    const std::lock_guard lock(guard_);
    BeamEvents events;
    events.positions = advance_shards(shards_, threads_, delivered_, n, budget_ms);
    const std::size_t size = events.positions * prompts_ * options_.width;
    events.parents.resize(size, -1);
    events.ids.resize(size, kPad);
    events.scores.resize(size, 0);
    events.finished.resize(prompts_);
    for (BeamShard& shard : shards_) shard.hand_out(delivered_, events.positions, prompts_, events);
    delivered_ += events.positions;
    return events;
}

std::size_t BeamSession::shard_of(std::size_t prompt) const {
    check(prompt < prompts_,
          "prompt " + std::to_string(prompt) + " of " + std::to_string(prompts_));
    return static_cast<std::size_t>(std::upper_bound(bounds_.begin(), bounds_.end(), prompt) -
                                    bounds_.begin() - 1);
}

PromptState BeamSession::prompt_state(std::size_t prompt) const {
    const std::lock_guard lock(guard_);
    const std::size_t shard = shard_of(prompt);
    return shards_[shard].prompts().read_state(prompt - bounds_[shard]);
}

std::vector<BeamSession::Best> BeamSession::best(std::size_t prompt) const {
    const std::lock_guard lock(guard_);
    const std::size_t shard = shard_of(prompt);
    const BeamSearch& search = shards_[shard].searches()[prompt - bounds_[shard]];
    std::vector<Best> result;
    for (const RankedHypothesis& ranked : search.best())
        result.push_back({search.text(ranked), ranked.hypothesis.log_prob, ranked.score,
                          ranked.length, ranked.finished});
    return result;
}

std::pair<std::size_t, std::size_t> BeamSession::progress() const {
    const std::lock_guard lock(guard_);
    return prompt_progress(shards_);
}

}  // namespace charlm
