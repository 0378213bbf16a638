#include "session/scoring.h"

#include <algorithm>

namespace charlm {
namespace {

// Texts fed together: enough to keep the product's tiles full.
constexpr std::size_t kGroupSize = 96;

}  // namespace

ScoringShard::ScoringShard(const Model& model, std::vector<ScoredText*> texts)
    : model_(model),
      texts_(std::move(texts)),
      softmax_(model.kernels(), model.config().vocabulary_size) {
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
    model_.step(rows_, work_);
    for (std::size_t n = first; n < group; ++n) {
        softmax_.read(rows_.logits[n - first]);
        const auto target = static_cast<std::size_t>(texts[n]->targets[position_]);
        texts[n]->log_probs[position_] = softmax_.log_prob(rows_.logits[n - first][target]);
    }
    ++steps_;
    if (++position_ == texts[group - 1]->inputs.size()) {
        texts_.resize(texts_.size() - group);
        position_ = 0;
    }
}

ScoringSession::ScoringSession(std::shared_ptr<const Model> model, const std::vector<Ids>& inputs,
                               const std::vector<Ids>& targets, std::size_t threads)
    : model_(std::move(model)) {
    check(inputs.size() == targets.size(), "as many inputs as targets are needed");
    for (std::size_t s = 0; s < inputs.size(); ++s) {
        check(inputs[s].size() == targets[s].size(), "inputs and targets differ in length");
        check_ids(*model_, inputs[s]);
        check_ids(*model_, targets[s]);
        texts_.push_back({inputs[s], targets[s], std::vector<float>(inputs[s].size())});
    }
    const std::size_t count = split_evenly(texts_.size(), threads).size() - 1;
    std::vector<std::vector<ScoredText*>> parts(count);
    for (std::size_t s = 0; s < texts_.size(); ++s) parts[s % count].push_back(&texts_[s]);
    for (std::vector<ScoredText*>& part : parts) shards_.emplace_back(*model_, std::move(part));
}

bool ScoringSession::done() const {
    const std::lock_guard lock(guard_);
    return std::all_of(shards_.begin(), shards_.end(),
                       [](const ScoringShard& shard) { return shard.done(); });
}

void ScoringSession::advance(std::size_t n, double budget_ms) {
    const std::lock_guard lock(guard_);
    steps_ += advance_shards(shards_, steps_, n, budget_ms);
}

}  // namespace charlm
