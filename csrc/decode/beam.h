// Beam search over one prompt, in four named parts: expand, select, finish, reorder.
//
// Expand: each open hypothesis offers what may follow it (expand.h). Select: the candidates
// are ranked by (score descending, parent rank, id); an end among the first K finishes, the K
// best of the others stay open. Finish: the K best finished are kept, and the stop rule is
// asked. Reorder: the caller gathers the states through `parents`.
#pragma once

#include <cstdint>
#include <vector>

#include "decode/expand.h"

namespace charlm {

// Raises ValueError for an option out of its range.
void check_options(const BeamOptions& options);

class BeamSearch {
  public:
    // The prompt begins with the start id. `options`, checked, must outlive this; `expander` is
    // the one that every call is given.
    BeamSearch(const BeamOptions& options, const std::vector<std::int32_t>& prompt,
               const Dice& dice, const Expander& expander);

    // One position: begin, expand every open hypothesis in turn with its row of logits, end.
    // After it, open hypothesis k came from the one that was at parents()[k] and ends in
    // ids()[k]; where all logits overflowed there are none of these, and the search is done.
    void begin_position();
    void expand(std::size_t k, const float* logits, Expander& expander);
    void end_position(const Expander& expander);

    bool done() const { return done_; }
    std::int64_t length() const { return position_.length; }  // positions advanced
    const std::vector<Hypothesis>& open() const { return open_; }
    const std::vector<std::int32_t>& parents() const { return parents_; }
    const std::vector<std::int32_t>& ids() const { return ids_; }
    double score(const Hypothesis& hypothesis) const { return hypothesis.sum / position_.divisor; }

    // The K best as they stand: finished, and open ones with the length they have.
    std::vector<RankedHypothesis> best() const;
    // The ids of a hypothesis, EOS included.
    std::vector<std::int32_t> text(const RankedHypothesis& hypothesis) const;

  private:
    void give_up();
    void select(const Expander& expander);
    void finish(const Candidate& candidate);
    bool decided() const;
    double divisor(std::int64_t length) const;

    const BeamOptions& options_;
    const std::int64_t needed_;  // finished ones, for the stop rules that count
    Position position_;
    std::int64_t ends_ = 0;  // finished so far, kept or not
    bool done_ = false, decided_ = false;
    TextTree texts_;
    Candidates candidates_;
    std::vector<Hypothesis> open_, parents_of_open_;
    std::vector<Memory> memories_, memories_of_parents_;
    std::vector<RankedHypothesis> finished_;
    std::vector<std::int32_t> parents_, ids_;
};

}  // namespace charlm
