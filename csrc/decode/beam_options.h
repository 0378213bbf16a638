// What a beam search is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace charlm {

// When a search ends: when no open hypothesis can still beat the K-th finished one, or when K,
// or K times patience, have finished (Kasai et al., "A call for clarity in beam search", 2022).
enum class StopRule { exact, first, patience };

// Whether candidates come from the nucleus of each hypothesis, drawn or the most probable.
enum class NucleusMode { off, sample, best };

struct BeamOptions {
    std::size_t width = 10;     // K, 1 to 131,072
    double length_penalty = 0;  // score = sum / length ^ penalty
    StopRule stop_rule = StopRule::exact;
    double patience = 1;
    NucleusMode nucleus = NucleusMode::off;
    float top_p = 1;
    std::size_t no_repeat_ngram = 0;  // 0: off
    std::vector<std::int32_t> banned;
    std::int64_t max_length = 0;  // new characters and EOS
    std::int64_t min_length = 0;  // before so many new characters nothing ends a hypothesis
    std::vector<std::vector<std::int32_t>> stops;  // a hypothesis ends when it ends with one
};

}  // namespace charlm
