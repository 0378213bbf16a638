#include "session/beams.h"

#include <algorithm>

namespace charlm {

BeamShard::BeamShard(const Model& model, const std::vector<Prompt>& prompts,
                     const BeamOptions& options, const std::vector<std::int32_t>& banned,
                     std::size_t first, std::size_t last)
    : model_(model),
      options_(options),
      first_(first),
      prompts_(model, {prompts.begin() + static_cast<std::ptrdiff_t>(first),
                       prompts.begin() + static_cast<std::ptrdiff_t>(last)}),
      tools_(model.kernels(), model.config().vocabulary_size, banned, options) {
    for (std::size_t p = 0; p < prompts_.size(); ++p)
        searches_.emplace_back(options, static_cast<std::uint32_t>(prompts_.length(p)));
}

bool BeamShard::done() const {
    return std::all_of(searches_.begin(), searches_.end(),
                       [](const BeamSearch& search) { return search.done(); });
}

void BeamShard::step() {
    if (!prompts_.fed()) return prompts_.step(work_);
    if (produced_ > 0) feed_selected();
    std::vector<const float*> logits;
    for (std::size_t p = 0; p < searches_.size(); ++p) {
        if (searches_[p].done()) continue;
        logits.clear();
        for (std::size_t k = 0; k < searches_[p].open().size(); ++k)
            logits.push_back(produced_ == 0
                                 ? prompts_.logits(p)
                                 : logits_.data() + (places_[p] + k) * model_.logits_size());
        searches_[p].advance(logits, tools_);
    }
    record();
}

// Reorder: every open hypothesis reads the state of its parent and writes its own.
void BeamShard::feed_selected() {
    const std::vector<std::size_t> parents_at = places_;
    std::size_t count = 0;
    places_.assign(searches_.size(), 0);
    for (std::size_t p = 0; p < searches_.size(); ++p) {
        places_[p] = count;
        if (!searches_[p].done()) count += searches_[p].open().size();
    }
    next_states_.grow(count * model_.state_size());
    logits_.grow(count * model_.logits_size());
    rows_.clear();
    for (std::size_t p = 0; p < searches_.size(); ++p) {
        if (searches_[p].done()) continue;
        for (std::size_t k = 0; k < searches_[p].open().size(); ++k) {
            const auto parent = static_cast<std::size_t>(searches_[p].parents()[k]);
            const float* in = produced_ == 1 ? prompts_.state(p)
                                             : states_.data() + (parents_at[p] + parent) *
                                                                    model_.state_size();
            const std::size_t row = places_[p] + k;
            rows_.add(searches_[p].ids()[k], in, next_states_.data() + row * model_.state_size(),
                      logits_.data() + row * model_.logits_size());
        }
    }
    model_.step(rows_, work_);
    states_.swap(next_states_);
}

void BeamShard::record() {
    const std::size_t K = options_.width;
    std::vector<Slot> slots(searches_.size() * K, Slot{-1, kPad, 0});
    for (std::size_t p = 0; p < searches_.size(); ++p) {
        const BeamSearch& search = searches_[p];
        // A search that was done before this position has nothing to add.
        if (search.length() != static_cast<std::int64_t>(produced_ + 1)) continue;
        for (std::size_t k = 0; k < search.open().size(); ++k)
            slots[p * K + k] = {search.parents()[k], search.ids()[k],
                                search.score(search.open()[k])};
    }
    slots_.push_back(std::move(slots));
    ++produced_;
}

void BeamShard::deliver(std::size_t from, std::size_t count, std::size_t all_prompts,
                        BeamEvents& events) {
    const std::size_t K = options_.width, to = std::min(from + count, produced_);
    for (std::size_t t = from; t < to; ++t) {
        const std::vector<Slot>& slots = slots_[t - delivered_];
        const std::size_t target = ((t - from) * all_prompts + first_) * K;
        for (std::size_t i = 0; i < slots.size(); ++i) {
            events.parents[target + i] = slots[i].parent;
            events.ids[target + i] = slots[i].id;
            events.scores[target + i] = slots[i].score;
        }
    }
    if (to > delivered_) {
        slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(to - delivered_));
        delivered_ = to;
    }
    for (std::size_t p = 0; p < searches_.size(); ++p)
        events.finished[first_ + p] =
            searches_[p].done() &&
            searches_[p].length() <= static_cast<std::int64_t>(from + count);
}

BeamSession::BeamSession(std::shared_ptr<const Model> model, const std::vector<Prompt>& prompts,
                         const BeamOptions& options, const std::vector<std::int32_t>& banned,
                         std::size_t threads)
    : model_(std::move(model)),
      options_(options),
      prompts_(prompts.size()),
      bounds_(split_evenly(prompts.size(), threads)) {
    check(options.max_length >= 0, "max_length must be 0 or more");
    for (std::size_t i = 0; i + 1 < bounds_.size(); ++i)
        shards_.emplace_back(*model_, prompts, options, banned, bounds_[i], bounds_[i + 1]);
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
    events.positions = advance_shards(shards_, delivered_, n, budget_ms);
    const std::size_t size = events.positions * prompts_ * options_.width;
    events.parents.resize(size, -1);
    events.ids.resize(size, kPad);
    events.scores.resize(size, 0);
    events.finished.resize(prompts_);
    for (BeamShard& shard : shards_)
        shard.deliver(delivered_, events.positions, prompts_, events);
    delivered_ += events.positions;
    return events;
}

std::size_t BeamSession::shard_of(std::size_t prompt) const {
    check(prompt < prompts_, "prompt " + std::to_string(prompt) + " of " +
                                 std::to_string(prompts_));
    return static_cast<std::size_t>(
        std::upper_bound(bounds_.begin(), bounds_.end(), prompt) - bounds_.begin() - 1);
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

}  // namespace charlm
