#include "decode/candidates.h"

#include <algorithm>

namespace charlm {

void Candidates::clear() {
    best_.clear();
    ends_.clear();
}

void Candidates::offer(const Candidate& candidate) {
    if (is_behind_all(candidate)) return;
    if (best_.size() == width_) {
        std::pop_heap(best_.begin(), best_.end());
        best_.back() = candidate;
    } else {
        best_.push_back(candidate);
    }
    std::push_heap(best_.begin(), best_.end());
}

void Candidates::offer_end(const Candidate& candidate) {
    if (!is_behind_all(candidate)) ends_.push_back(candidate);
}

void Candidates::rank() {
    std::sort_heap(best_.begin(), best_.end());
    std::sort(ends_.begin(), ends_.end());
    std::size_t ahead = 0, kept = 0;  // of the end looked at: those of best_, and the ends
    for (; kept < ends_.size(); ++kept) {
        while (ahead < best_.size() && best_[ahead] < ends_[kept]) ++ahead;
        if (ahead + kept >= width_) break;
    }
    ends_.resize(kept);
}

}  // namespace charlm
