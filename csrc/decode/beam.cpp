#include "decode/beam.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace charlm {
namespace {

bool ranks_before(const RankedHypothesis& a, const RankedHypothesis& b) {
    return a.score > b.score;
}

// How many must finish for a stop rule that counts them.
std::int64_t count_needed(const BeamOptions& options) {
    const double patience = options.stop_rule == StopRule::patience ? options.patience : 1;
    return static_cast<std::int64_t>(std::ceil(static_cast<double>(options.width) * patience));
}

}  // namespace

void check_options(const BeamOptions& options) {
    check(options.width >= 1 && options.width <= 131072, "width must be from 1 to 131072");
    check(std::fabs(options.length_penalty) <= 10, "length_penalty must be from -10 to 10");
    check(options.patience > 0 && options.patience <= 1000,
          "patience must be above 0 and at most 1000");
}

BeamSearch::BeamSearch(const BeamOptions& options, const std::vector<std::int32_t>& prompt,
                       const Dice& dice, const Expander& expander)
    : options_(options),
      needed_(count_needed(options)),
      position_{dice, static_cast<std::uint32_t>(prompt.size()) - 1, 0, 1},
      done_(options.max_length == 0),
      candidates_(options.width),
      open_{{TextTree::kRoot, 0, 0}},
      memories_{expander.remember(prompt)} {}

void BeamSearch::begin_position() {
    ++position_.fed;
    position_.divisor = divisor(++position_.length);
    candidates_.clear();
}

void BeamSearch::expand(std::size_t k, const float* logits, Expander& expander) {
    expander.expand({open_[k], memories_[k], static_cast<std::int32_t>(k), logits}, position_,
                    candidates_);
}

void BeamSearch::end_position(const Expander& expander) {
    candidates_.rank();
    if (candidates_.best().empty() && candidates_.ends().empty()) {
        give_up();
        return;
    }
    select(expander);
    decided_ = decided();
    done_ = decided_ || open_.empty() || length() == options_.max_length;
}

// All logits overflowed: the hypotheses stay as they were.
void BeamSearch::give_up() {
    position_.divisor = divisor(--position_.length);
    parents_.clear();
    ids_.clear();
    done_ = true;
}

void BeamSearch::select(const Expander& expander) {
    open_.swap(parents_of_open_);
    memories_.swap(memories_of_parents_);
    for (const Candidate& candidate : candidates_.ends()) finish(candidate);
    open_.clear();
    parents_.clear();
    ids_.clear();
    memories_.resize(candidates_.best().size());
    for (const Candidate& candidate : candidates_.best()) {
        const auto parent = static_cast<std::size_t>(candidate.parent);
        expander.remember(memories_of_parents_[parent], candidate.id, memories_[open_.size()]);
        const std::int32_t node = texts_.add(parents_of_open_[parent].node, candidate.id);
        open_.push_back({node, candidate.log_prob, candidate.sum});
        parents_.push_back(candidate.parent);
        ids_.push_back(candidate.id);
    }
}

void BeamSearch::finish(const Candidate& candidate) {
    const Hypothesis& from = parents_of_open_[static_cast<std::size_t>(candidate.parent)];
    const Hypothesis hypothesis{texts_.add(from.node, candidate.id), candidate.log_prob,
                                candidate.sum};
    const RankedHypothesis ranked{hypothesis, length(), candidate.score, true};
    // Behind its equals: of two with one score, the earlier stays ahead.
    finished_.insert(std::upper_bound(finished_.begin(), finished_.end(), ranked, ranks_before),
                     ranked);
    if (finished_.size() > options_.width) finished_.pop_back();
    ++ends_;
}

// Whether the stop rule leaves nothing to look for; at max_length the open ones are looked at
// whatever it says. `exact` compares the K-th finished one with a bound on what an open one can
// reach: it loses nothing more, at the length that flatters it most.
bool BeamSearch::decided() const {
    if (length() == options_.max_length) return false;
    if (options_.stop_rule != StopRule::exact) return ends_ >= needed_;
    if (finished_.size() < options_.width) return false;
    const double bound = divisor(options_.length_penalty > 0 ? options_.max_length : length() + 1);
    return std::none_of(open_.begin(), open_.end(), [&](const Hypothesis& hypothesis) {
        return hypothesis.sum / bound > finished_.back().score;
    });
}

// What the length penalty divides a sum by. The one function of the system's library in a
// decoder: where another system's pow rounds otherwise, only scores within that rounding can
// change places.
double BeamSearch::divisor(std::int64_t length) const {
    if (options_.length_penalty == 0 || length == 0) return 1;
    return std::pow(static_cast<double>(length), options_.length_penalty);
}

std::vector<RankedHypothesis> BeamSearch::best() const {
    std::vector<RankedHypothesis> all = finished_;
    // Decided, what is still open is left out; at max_length it is cut and ranks.
    if (!decided_)
        for (const Hypothesis& hypothesis : open_)
            all.push_back({hypothesis, length(), score(hypothesis), false});
    std::stable_sort(all.begin(), all.end(), ranks_before);
    if (all.size() > options_.width) all.resize(options_.width);
    return all;
}

std::vector<std::int32_t> BeamSearch::text(const RankedHypothesis& hypothesis) const {
    return texts_.text(hypothesis.hypothesis.node);
}

}  // namespace charlm
