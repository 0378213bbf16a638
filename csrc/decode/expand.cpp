#include "decode/expand.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace charlm {
namespace {

// The ids that would write n ids of a history once more, found by looking through all of it:
// hypotheses share their past, so nothing is kept of it but the ids.
struct Repeats {
    const std::vector<std::int32_t>& history;
    std::ptrdiff_t n;

    template <class Visit>
    void for_each_repeat(Visit visit) const {
        if (std::ssize(history) < n) return;
        const auto last = history.end() - (n - 1);
        for (auto gram = history.begin(); gram <= history.end() - n; ++gram)
            if (std::equal(last, history.end(), gram)) visit(gram[n - 1]);
    }
};

}  // namespace

Expander::Expander(const Kernels& kernels, std::size_t vocabulary_size, const BeamOptions& options)
    : options_(options),
      kernels_(kernels),
      size_(padded(vocabulary_size)),
      softmax_(kernels, vocabulary_size),
      nucleus_(kernels, vocabulary_size, options.top_p),
      allowed_(vocabulary_size, options.banned),
      stops_(vocabulary_size, options.stops),
      mask_(size_),
      listed_(size_) {}

void Expander::expand(const Branch& branch, const Position& position, Candidates& candidates) {
    // Not even a certain id would get past the bar; equals lose to the ranks before theirs.
    if (branch.from.sum / position.divisor <= candidates.bar()) return;
    if (!kernels_.all_finite(branch.logits, size_)) return;
    softmax_.read(branch.logits);
    restrict(branch.memory, position.length);
    if (options_.nucleus == NucleusMode::off)
        offer_best(branch, position, candidates);
    else
        offer_members(branch, position, candidates);
}

// Makes mask_ and endings_.
void Expander::restrict(const Memory& memory, std::int64_t length) {
    const Repeats repeats{memory.history, static_cast<std::ptrdiff_t>(options_.no_repeat_ngram)};
    const std::int32_t* allowed =
        allowed_.after(length > options_.min_length, repeats.n > 0 ? &repeats : nullptr);
    std::copy_n(allowed, size_, mask_.data());
    endings_.assign({kEos});
    if (length >= options_.min_length) stops_.list_endings(memory.stops, endings_);
}

Memory Expander::remember(const std::vector<std::int32_t>& prompt) const {
    if (options_.no_repeat_ngram == 0) return {};
    return {{prompt.begin() + 1, prompt.end()}, {}};
}

void Expander::remember(const Memory& parent, std::int32_t id, Memory& child) const {
    child = parent;
    if (options_.no_repeat_ngram > 0) child.history.push_back(id);
    stops_.take(id, child.stops);
}

// Offering every id that may get past the bar selects what offering the K best would: those
// behind a hypothesis's K best have K better ones ahead of them.
void Expander::offer_best(const Branch& branch, const Position& position, Candidates& candidates) {
    const auto candidate = [&](std::int32_t id) {
        const double sum = branch.from.sum + softmax_.log_prob(branch.logits[id]);
        return Candidate{sum / position.divisor, sum, sum, branch.rank, id};
    };
    for (const std::int32_t id : endings_) {
        if (mask_[static_cast<std::size_t>(id)] != 0) candidates.offer_end(candidate(id));
        mask_[static_cast<std::size_t>(id)] = 0;
    }
    // What an id must gain to reach the bar, less what double sums may have rounded.
    const double sum = branch.from.sum;
    const double gain = candidates.bar() * position.divisor - sum - 1e-12 * std::fabs(sum);
    const std::size_t count = kernels_.list_from(branch.logits, mask_.data(),
                                                 softmax_.least_logit(gain), listed_.data(), size_);
    for (std::size_t i = 0; i < count; ++i) candidates.offer(candidate(listed_[i]));
}

void Expander::offer_members(const Branch& branch, const Position& position,
                             Candidates& candidates) {
    nucleus_.read(branch.logits, mask_);
    const auto slot = static_cast<std::uint32_t>(branch.rank);
    const NoiseKey key{position.dice.key, position.dice.sample, position.fed, slot};
    for (const Nucleus::Member& member : options_.nucleus == NucleusMode::sample
                                             ? nucleus_.draw(key, options_.width)
                                             : nucleus_.best(options_.width)) {
        const double sum = branch.from.sum + member.log_prob;
        const double log_prob = branch.from.log_prob + softmax_.log_prob(branch.logits[member.id]);
        const Candidate candidate{sum / position.divisor, log_prob, sum, branch.rank, member.id};
        if (std::find(endings_.begin(), endings_.end(), member.id) != endings_.end())
            candidates.offer_end(candidate);
        else
            candidates.offer(candidate);
    }
}

}  // namespace charlm
