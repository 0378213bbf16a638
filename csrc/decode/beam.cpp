#include "decode/beam.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace charlm {
namespace {

constexpr std::int32_t kRoot = -1;

bool ranks_before(const RankedHypothesis& a, const RankedHypothesis& b) {
    return a.score > b.score;
}

}  // namespace

BeamTools::BeamTools(const Kernels& kernels, std::size_t vocabulary_size,
                     const std::vector<std::int32_t>& banned, const BeamOptions& options)
    : softmax(kernels, vocabulary_size),
      sampler(kernels, vocabulary_size, Filters{.top_p = options.top_p}),
      allowed(id_mask(vocabulary_size, banned)),
      vocabulary_size(vocabulary_size) {}

BeamSearch::BeamSearch(const BeamOptions& options, std::uint32_t prompt_length)
    : options_(options), position_(prompt_length), open_{{kRoot, 0, 0}} {
    check(options.width >= 1 && options.width <= 131072, "width must be from 1 to 131072");
    check(std::isfinite(options.length_penalty) && std::fabs(options.length_penalty) <= 10,
          "length_penalty must be from -10 to 10");
    done_ = options.max_length == 0;
}

bool BeamSearch::Candidate::operator<(const Candidate& other) const {
    if (score != other.score) return score > other.score;
    return parent != other.parent ? parent < other.parent : id < other.id;
}

void BeamSearch::advance(const std::vector<const float*>& logits, BeamTools& tools) {
    characters_.clear();
    ends_.clear();
    ++length_;
    for (std::size_t k = 0; k < open_.size(); ++k) {
        expand(static_cast<std::int32_t>(k), logits[k], tools);
        prune(options_.width + tools.vocabulary_size);
    }
    select();
    ++position_;
    done_ = open_.empty() || length_ == options_.max_length || !can_still_win();
}

void BeamSearch::expand(std::int32_t parent, const float* logits, BeamTools& tools) {
    const Hypothesis& from = open_[static_cast<std::size_t>(parent)];
    tools.softmax.read(logits);
    const auto log_prob = [&](std::int32_t id) {
        return from.log_prob + tools.softmax.log_prob(logits[static_cast<std::size_t>(id)]);
    };
    if (options_.nucleus) {
        const NoiseKey key{options_.seed, 0, position_, static_cast<std::uint32_t>(parent)};
        for (const Sampler::Candidate& drawn :
             tools.sampler.draw_from_nucleus(logits, tools.allowed.data(), key, options_.width))
            offer(parent, drawn.id, log_prob(drawn.id), from.sum + drawn.log_prob);
        return;
    }
    // Offering all characters selects what offering the K best of each would: those behind a
    // hypothesis's K best have K better ones ahead of them.
    for (std::size_t j = 0; j < tools.vocabulary_size; ++j) {
        if (tools.allowed[j] == 0) continue;
        const auto id = static_cast<std::int32_t>(j);
        const double sum = log_prob(id);
        offer(parent, id, sum, sum);
    }
}

void BeamSearch::offer(std::int32_t parent, std::int32_t id, double log_prob, double sum) {
    (id == kEos ? ends_ : characters_)
        .push_back({score(sum, length_), log_prob, sum, parent, id});
}

// Keeps the pool of characters near K; which of them are the K best does not change.
void BeamSearch::prune(std::size_t room) {
    if (characters_.size() <= options_.width + room) return;
    const auto cut = characters_.begin() + static_cast<std::ptrdiff_t>(options_.width);
    std::nth_element(characters_.begin(), cut, characters_.end());
    characters_.erase(cut, characters_.end());
}

void BeamSearch::select() {
    prune(0);
    std::sort(characters_.begin(), characters_.end());
    std::sort(ends_.begin(), ends_.end());
    for (std::size_t e = 0, c = 0; e < ends_.size(); ++e) {
        while (c < characters_.size() && characters_[c] < ends_[e]) ++c;
        if (e + c >= options_.width) break;
        finish(ends_[e]);
    }
    std::vector<Hypothesis> next;
    parents_.clear();
    ids_.clear();
    for (const Candidate& candidate : characters_) {
        const Hypothesis& from = open_[static_cast<std::size_t>(candidate.parent)];
        nodes_.push_back({from.node, candidate.id});
        next.push_back({static_cast<std::int32_t>(nodes_.size() - 1), candidate.log_prob,
                        candidate.sum});
        parents_.push_back(candidate.parent);
        ids_.push_back(candidate.id);
    }
    open_ = std::move(next);
}

void BeamSearch::finish(const Candidate& candidate) {
    nodes_.push_back({open_[static_cast<std::size_t>(candidate.parent)].node, kEos});
    const Hypothesis hypothesis{static_cast<std::int32_t>(nodes_.size() - 1), candidate.log_prob,
                                candidate.sum};
    const RankedHypothesis ranked{hypothesis, length_, candidate.score, true};
    // Behind its equals: of two with one score, the earlier stays ahead.
    finished_.insert(std::upper_bound(finished_.begin(), finished_.end(), ranked, ranks_before),
                     ranked);
    if (finished_.size() > options_.width) finished_.pop_back();
}

// The bound on what an open hypothesis can reach: it loses nothing more, at the length that
// flatters it most.
bool BeamSearch::can_still_win() const {
    if (finished_.size() < options_.width) return true;
    const std::int64_t length = options_.length_penalty > 0 ? options_.max_length : length_ + 1;
    for (const Hypothesis& hypothesis : open_)
        if (score(hypothesis.sum, length) > finished_.back().score) return true;
    return false;
}

// The one function of the system's library in a decoder: where another system's pow rounds
// otherwise, only scores within that rounding can change places.
double BeamSearch::score(double sum, std::int64_t length) const {
    if (options_.length_penalty == 0 || length == 0) return sum;
    return sum / std::pow(static_cast<double>(length), options_.length_penalty);
}

std::vector<RankedHypothesis> BeamSearch::best() const {
    std::vector<RankedHypothesis> all = finished_;
    // Stopped early, what is still open is known to lose; at max_length it is cut and ranks.
    if (!done_ || length_ == options_.max_length)
        for (const Hypothesis& hypothesis : open_)
            all.push_back({hypothesis, length_, score(hypothesis), false});
    std::stable_sort(all.begin(), all.end(), ranks_before);
    if (all.size() > options_.width) all.resize(options_.width);
    return all;
}

std::vector<std::int32_t> BeamSearch::text(const RankedHypothesis& hypothesis) const {
    std::vector<std::int32_t> ids;
    for (std::int32_t node = hypothesis.hypothesis.node; node != kRoot;) {
        ids.push_back(nodes_[static_cast<std::size_t>(node)].id);
        node = nodes_[static_cast<std::size_t>(node)].parent;
    }
    std::reverse(ids.begin(), ids.end());
    return ids;
}

}  // namespace charlm
