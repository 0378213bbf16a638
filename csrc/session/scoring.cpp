#include "session/scoring.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace charlm {
namespace {

// Texts fed together: enough to keep the product's tiles full.
constexpr std::size_t kGroupSize = 96;

}  // namespace

ScoringShard::ScoringShard(const StepModel& model, std::vector<ScoredText*> texts,
                           std::optional<std::size_t> rivals)
    : model_(model),
      texts_(std::move(texts)),
      softmax_(model.kernels(), model.vocabulary_size()),
      stepper_(model.stepper()) {
    if (rivals) rivals_.emplace(model.vocabulary_size(), *rivals);
    const std::size_t rows = std::min(kGroupSize, texts_.size());
    states_ = Aligned<float>(rows * model.state_size());
    logits_ = Aligned<float>(rows * model.logits_size());
    std::erase_if(texts_, [](const ScoredText* text) { return text->inputs.empty(); });
    std::stable_sort(texts_.begin(), texts_.end(), [](const ScoredText* a, const ScoredText* b) {
        return a->inputs.size() < b->inputs.size();
    });
}

void ScoringShard::step() {
    const std::size_t group = std::min(kGroupSize, texts_.size());
    if (position_ == 0) std::fill_n(states_.data(), group * model_.state_size(), 0.0f);
    ScoredText* const* texts = texts_.data() + texts_.size() - group;
    rows_.clear();
    std::size_t first = 0;  // the shorter texts at the front have ended
    while (texts[first]->inputs.size() <= position_) ++first;
    for (std::size_t n = first; n < group; ++n) {
        float* state = states_.data() + n * model_.state_size();
        rows_.add(texts[n]->inputs[position_], state, state,
                  logits_.data() + n * model_.logits_size());
    }
    stepper_->step(rows_);
    for (std::size_t n = first; n < group; ++n) read(rows_.logits[n - first], *texts[n]);
    scored_ += group - first;
    ++steps_;
    if (++position_ == texts[group - 1]->inputs.size()) {
        texts_.resize(texts_.size() - group);
        position_ = 0;
    }
}

void ScoringShard::read(const float* logits, ScoredText& text) {
    const std::int32_t target = text.targets[position_];
    if (!model_.kernels().all_finite(logits, model_.logits_size())) {
        text.log_probs[position_] = std::numeric_limits<float>::quiet_NaN();
        return;
    }
    softmax_.read(logits);
    text.log_probs[position_] = softmax_.log_prob(logits[target]);
    if (!rivals_) return;
    text.ranks[position_] = rank_of(target, logits, model_.vocabulary_size());
    text.entropies[position_] = softmax_.entropy();
    std::size_t place = position_ * rivals_->count();
    for (const std::int32_t rival : rivals_->read(logits)) {
        text.rival_ids[place] = rival;
        text.rival_log_probs[place++] = softmax_.log_prob(logits[rival]);
    }
}

ScoringSession::ScoringSession(std::shared_ptr<const StepModel> model, std::vector<Ids> inputs,
                               std::vector<Ids> targets, std::optional<std::size_t> rivals,
                               std::size_t threads)
    : model_(std::move(model)), rivals_(rivals), threads_(threads) {
    check(inputs.size() == targets.size(), "as many inputs as targets are needed");
    check(rivals.value_or(0) < model_->vocabulary_size(), "there are fewer rivals than that");
    for (std::size_t s = 0; s < inputs.size(); ++s) {
        check(inputs[s].size() == targets[s].size(), "inputs and targets differ in length");
        check_ids(*model_, inputs[s]);
        check_ids(*model_, targets[s]);
        const std::size_t T = inputs[s].size(), R = rivals.value_or(0), D = rivals ? T : 0;
        texts_.push_back({std::move(inputs[s]), std::move(targets[s]), std::vector<float>(T),
                          std::vector<std::int32_t>(D), std::vector<std::int32_t>(D * R),
                          std::vector<float>(D), std::vector<float>(D * R)});
    }
    const std::size_t count = split_evenly(texts_.size(), threads).size() - 1;
    std::vector<std::vector<ScoredText*>> parts(count);
    for (std::size_t s = 0; s < texts_.size(); ++s) parts[s % count].push_back(&texts_[s]);
    for (std::vector<ScoredText*>& part : parts)
        shards_.emplace_back(*model_, std::move(part), rivals);
}

bool ScoringSession::done() const {
    const std::lock_guard lock(guard_);
    return std::all_of(shards_.begin(), shards_.end(),
                       [](const ScoringShard& shard) { return shard.done(); });
}

std::vector<ScoredText> ScoringSession::texts() const {
    const std::lock_guard lock(guard_);
    return texts_;
}

std::vector<std::vector<float>> ScoringSession::log_probs() const {
    const std::lock_guard lock(guard_);
    std::vector<std::vector<float>> result;
    for (const ScoredText& text : texts_) result.push_back(text.log_probs);
    return result;
}

std::pair<std::size_t, std::size_t> ScoringSession::progress() const {
    const std::lock_guard lock(guard_);
    std::size_t scored = 0, all = 0;
    for (const ScoringShard& shard : shards_) scored += shard.scored();
    for (const ScoredText& text : texts_) all += text.targets.size();
    return {scored, all};
}

void ScoringSession::advance(std::size_t n, double budget_ms) {
    const std::lock_guard lock(guard_);
    steps_ += advance_shards(shards_, threads_, steps_, n, budget_ms);
}

}  // namespace charlm
