// The partial texts of one search: what each has earned, and one tree that holds their ids.
#pragma once

#include <cstdint>
#include <vector>

namespace charlm {

// One partial text. `sum` is what ranks before the length penalty: log_prob, or with a nucleus
// the sum of log p_nucleus. `node` is its last id in the tree.
struct Hypothesis {
    std::int32_t node;
    double log_prob, sum;
};

struct RankedHypothesis {
    Hypothesis hypothesis;
    std::int64_t length;
    double score;
    bool finished;  // by EOS or a stop; else open, or cut at max_length
};

class TextTree {
  public:
    static constexpr std::int32_t kRoot = -1;  // of the empty text

    std::int32_t add(std::int32_t parent, std::int32_t id);
    // The ids from the root to a node.
    std::vector<std::int32_t> text(std::int32_t node) const;

  private:
    struct Node {
        std::int32_t parent, id;
    };
    const Node& at(std::int32_t node) const { return nodes_[static_cast<std::size_t>(node)]; }

    std::vector<Node> nodes_;
};

}  // namespace charlm
