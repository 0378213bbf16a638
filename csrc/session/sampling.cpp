#include "session/sampling.h"

#include <algorithm>

namespace charlm {
namespace {

// The prompts that rows [first, last) belong to.
std::vector<Prompt> prompts_of_rows(const std::vector<Prompt>& prompts, std::size_t samples,
                                    std::size_t first, std::size_t last) {
    if (first == last) return {};
    const auto begin = prompts.begin();
    return {begin + static_cast<std::ptrdiff_t>(first / samples),
            begin + static_cast<std::ptrdiff_t>((last - 1) / samples + 1)};
}

}  // namespace

SamplingShard::SamplingShard(const Model& model, const std::vector<Prompt>& prompts,
                             const SamplingOptions& options, std::size_t first, std::size_t last)
    : model_(model),
      options_(options),
      first_(first),
      prompts_(model, prompts_of_rows(prompts, options.samples, first, last)),
      softmax_(model.kernels(), model.config().vocabulary_size),
      sampler_(model.kernels(), model.config().vocabulary_size, options.banned, options.filters),
      states_((last - first) * model.state_size()),
      logits_((last - first) * model.logits_size()) {
    for (std::size_t row = first; row < last; ++row) {
        all_.push_back({row / options.samples - first / options.samples,
                        static_cast<std::uint32_t>(row % options.samples), 0, 0});
        if (options.max_length > 0) live_.push_back(row - first);
    }
}

void SamplingShard::step() {
    if (!prompts_.fed()) return prompts_.step(work_);
    if (produced_ > 0) feed_drawn();
    draw();
}

void SamplingShard::feed_drawn() {
    rows_.clear();
    for (const std::size_t r : live_) {
        float* state = states_.data() + r * model_.state_size();
        const float* in = produced_ == 1 ? prompts_.state(all_[r].prompt) : state;
        rows_.add(all_[r].id, in, state, logits_.data() + r * model_.logits_size());
    }
    model_.step(rows_, work_);
}

void SamplingShard::draw() {
    const std::size_t place = (produced_ - delivered_) * all_.size();
    ids_.resize(place + all_.size(), kPad);
    log_probs_.resize(place + all_.size(), 0);
    for (const std::size_t r : live_) {
        Row& row = all_[r];
        const float* logits = produced_ == 0 ? prompts_.logits(row.prompt)
                                             : logits_.data() + r * model_.logits_size();
        const auto position = static_cast<std::uint32_t>(prompts_.length(row.prompt) + produced_);
        row.id = sampler_.draw(logits, {options_.seed, row.sample, position, 0});
        softmax_.read(logits);
        ids_[place + r] = row.id;
        log_probs_[place + r] = softmax_.log_prob(logits[static_cast<std::size_t>(row.id)]);
    }
    ++produced_;
    const bool cut = static_cast<std::int64_t>(produced_) == options_.max_length;
    std::erase_if(live_, [&](std::size_t r) {
        if (cut || all_[r].id == kEos) all_[r].ended = produced_;
        return all_[r].ended != 0;
    });
}

void SamplingShard::deliver(std::size_t from, std::size_t count, std::size_t all_rows,
                            SampleEvents& events) {
    const std::size_t rows = all_.size(), to = std::min(from + count, produced_);
    for (std::size_t t = from; t < to; ++t) {
        const std::size_t source = (t - delivered_) * rows, target = (t - from) * all_rows + first_;
        std::copy_n(ids_.begin() + static_cast<std::ptrdiff_t>(source), rows,
                    events.ids.begin() + static_cast<std::ptrdiff_t>(target));
        std::copy_n(log_probs_.begin() + static_cast<std::ptrdiff_t>(source), rows,
                    events.log_probs.begin() + static_cast<std::ptrdiff_t>(target));
    }
    if (to > delivered_) {
        const auto old = static_cast<std::ptrdiff_t>((to - delivered_) * rows);
        ids_.erase(ids_.begin(), ids_.begin() + old);
        log_probs_.erase(log_probs_.begin(), log_probs_.begin() + old);
        delivered_ = to;
    }
    for (std::size_t r = 0; r < rows; ++r)
        events.finished[first_ + r] = options_.max_length == 0 ||
                                      (all_[r].ended != 0 && all_[r].ended <= from + count);
}

SamplingSession::SamplingSession(std::shared_ptr<const Model> model,
                                 const std::vector<Prompt>& prompts, const SamplingOptions& options,
                                 std::size_t threads)
    : model_(std::move(model)),
      rows_(prompts.size() * options.samples),
      samples_(options.samples),
      bounds_(split_evenly(rows_, threads)) {
    check(options.samples >= 1 && options.samples <= 1u << 20, "samples must be from 1 to 2^20");
    check(options.max_length >= 0, "max_length must be 0 or more");
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
    events.positions = advance_shards(shards_, delivered_, n, budget_ms);
    events.ids.resize(events.positions * rows_, kPad);
    events.log_probs.resize(events.positions * rows_, 0);
    events.finished.resize(rows_);
    for (SamplingShard& shard : shards_)
        shard.deliver(delivered_, events.positions, rows_, events);
    delivered_ += events.positions;
    return events;
}

PromptState SamplingSession::prompt_state(std::size_t prompt) const {
    const std::lock_guard lock(guard_);
    const std::size_t row = prompt * samples_;
    check(row < rows_, "prompt " + std::to_string(prompt) + " of " +
                           std::to_string(rows_ / samples_));
    const auto shard = static_cast<std::size_t>(
        std::upper_bound(bounds_.begin(), bounds_.end(), row) - bounds_.begin() - 1);
    return shards_[shard].prompts().read_state(prompt - bounds_[shard] / samples_);
}

}  // namespace charlm
