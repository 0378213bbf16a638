// The candidates of one position of a search: of those that go on the K best, and those that
// would end a hypothesis.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace charlm {

// An open hypothesis and an id behind it.
struct Candidate {
    double score, log_prob, sum;
    std::int32_t parent, id;

    // Ranks before: score descending, then parent rank, then id.
    bool operator<(const Candidate& other) const {
        if (score != other.score) return score > other.score;
        return parent != other.parent ? parent < other.parent : id < other.id;
    }
};

class Candidates {
  public:
    explicit Candidates(std::size_t width) : width_(width) {}

    void clear();
    // What a score must reach to be of use: that of the K-th best so far.
    double bar() const {
        return best_.size() < width_ ? -std::numeric_limits<double>::infinity()
                                     : best_.front().score;
    }
    void offer(const Candidate& candidate);
    void offer_end(const Candidate& candidate);

    // Ranks what was offered: then best() has the K best that go on, and ends() the ends that
    // are among the first K of all.
    void rank();
    const std::vector<Candidate>& best() const { return best_; }
    const std::vector<Candidate>& ends() const { return ends_; }

  private:
    bool is_behind_all(const Candidate& candidate) const {
        return best_.size() == width_ && best_.front() < candidate;
    }

    std::size_t width_;
    std::vector<Candidate> best_;  // until it is ranked a heap, its last in rank at the front
    std::vector<Candidate> ends_;
};

}  // namespace charlm
