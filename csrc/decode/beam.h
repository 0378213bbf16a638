// Beam search over one prompt, in four named parts: expand, select, finish, reorder.
//
// Expand: each open hypothesis offers candidates (its characters and EOS; or, with a nucleus,
// K drawn ids). Select: the pool is sorted by (score descending, parent rank, id); an EOS
// among the first K finishes, the K best of the others stay open. Finish: the K best finished
// are kept, and the search stops when no open hypothesis can strictly beat the last of them.
// Reorder: the caller gathers the states through `parents`.
#pragma once

#include <cstdint>
#include <vector>

#include "decode/ids.h"
#include "decode/sampler.h"
#include "decode/softmax.h"

namespace charlm {

struct BeamOptions {
    std::size_t width = 10;     // K, 1 to 131,072
    double length_penalty = 0;  // score = sum / length ^ penalty
    bool nucleus = false;       // candidates drawn from the nucleus
    float top_p = 1;
    std::uint64_t seed = 0;
    std::int64_t max_length = 0;  // new characters and EOS
};

// One hypothesis as it stands. `sum` is what ranks before the length penalty: log_prob, or
// with a nucleus the sum of log p_nucleus. `node` is its last character in the tree.
struct Hypothesis {
    std::int32_t node;
    double log_prob, sum;
};

struct RankedHypothesis {
    Hypothesis hypothesis;
    std::int64_t length;
    double score;
    bool finished;  // by EOS; else open, or cut at max_length
};

// What expanding needs and every prompt of a thread shares.
struct BeamTools {
    BeamTools(const Kernels& kernels, std::size_t vocabulary_size,
              const std::vector<std::int32_t>& banned, const BeamOptions& options);

    Softmax softmax;
    Sampler sampler;
    Aligned<std::int32_t> allowed;
    std::size_t vocabulary_size;
};

class BeamSearch {
  public:
    BeamSearch(const BeamOptions& options, std::uint32_t prompt_length);

    // One position: logits[k] is the row of open hypothesis k. After it, open hypothesis k
    // came from the one that was at parents()[k] and ends in ids()[k].
    void advance(const std::vector<const float*>& logits, BeamTools& tools);

    bool done() const { return done_; }
    std::int64_t length() const { return length_; }  // positions advanced
    const std::vector<Hypothesis>& open() const { return open_; }
    const std::vector<std::int32_t>& parents() const { return parents_; }
    const std::vector<std::int32_t>& ids() const { return ids_; }
    double score(const Hypothesis& hypothesis) const { return score(hypothesis.sum, length_); }

    // The K best as they stand: finished, and open ones with the length they have.
    std::vector<RankedHypothesis> best() const;
    // The ids of a hypothesis, EOS included.
    std::vector<std::int32_t> text(const RankedHypothesis& hypothesis) const;

  private:
    struct Candidate {
        double score, log_prob, sum;
        std::int32_t parent, id;
        bool operator<(const Candidate& other) const;  // ranks before
    };
    struct Node {
        std::int32_t parent, id;
    };

    void expand(std::int32_t parent, const float* logits, BeamTools& tools);
    void offer(std::int32_t parent, std::int32_t id, double log_prob, double sum);
    void prune(std::size_t room);
    void select();
    void finish(const Candidate& candidate);
    bool can_still_win() const;
    double score(double sum, std::int64_t length) const;

    BeamOptions options_;
    std::uint32_t position_;
    std::int64_t length_ = 0;
    bool done_ = false;
    std::vector<Node> nodes_;
    std::vector<Hypothesis> open_;
    std::vector<RankedHypothesis> finished_;
    std::vector<std::int32_t> parents_, ids_;
    std::vector<Candidate> characters_, ends_;
};

}  // namespace charlm
