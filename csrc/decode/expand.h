// What may follow an open hypothesis: its ids and EOS, or with a nucleus K ids of that.
#pragma once

#include <cstdint>
#include <vector>

#include "decode/allowed.h"
#include "decode/beam_options.h"
#include "decode/candidates.h"
#include "decode/dice.h"
#include "decode/hypotheses.h"
#include "decode/nucleus.h"
#include "decode/softmax.h"
#include "decode/stops.h"

namespace charlm {

// What the restrictions remember of an open hypothesis.
struct Memory {
    std::vector<std::int32_t> history;  // prompt and text, kept for no_repeat_ngram
    Stops::Progress stops;
};

// An open hypothesis about to be expanded.
struct Branch {
    const Hypothesis& from;
    const Memory& memory;
    std::int32_t rank;    // among the open ones
    const float* logits;  // of what follows it, padded to 16 lanes
};

// What the branches of one position share.
struct Position {
    Dice dice;
    std::uint32_t fed;    // ids before it, the prompt's included: names its noise
    std::int64_t length;  // of the new texts, with the id that is chosen here
    double divisor;       // length ^ penalty
};

// One for all the searches of a thread.
class Expander {
  public:
    // Raises ValueError for an option out of its range. `options` must outlive this.
    Expander(const Kernels& kernels, std::size_t vocabulary_size, const BeamOptions& options);

    // The branches of a position come in the order of their ranks. One whose logits overflow
    // offers nothing.
    void expand(const Branch& branch, const Position& position, Candidates& candidates);

    // Of a prompt, which begins with the start id; of a hypothesis that went on with an id.
    Memory remember(const std::vector<std::int32_t>& prompt) const;
    void remember(const Memory& parent, std::int32_t id, Memory& child) const;

  private:
    void restrict(const Memory& memory, std::int64_t length);
    void offer_best(const Branch& branch, const Position& position, Candidates& candidates);
    void offer_members(const Branch& branch, const Position& position, Candidates& candidates);

    const BeamOptions& options_;
    const Kernels& kernels_;
    std::size_t size_;  // V padded
    Softmax softmax_;
    Nucleus nucleus_;
    AllowedIds allowed_;
    Stops stops_;
    Aligned<std::int32_t> mask_, listed_;
    std::vector<std::int32_t> endings_;  // ids that would end the hypothesis, in the mask or not
};

}  // namespace charlm
