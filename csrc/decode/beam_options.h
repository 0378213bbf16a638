// What a beam search is asked for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace charlm {

// When a search ends: when no open hypothesis can still beat the K-th finished one, or when K,
// or K times patience, have finished (Kasai et al., "A call for clarity in beam search", 2022).
enum class StopRule { exact, first, patience };
constexpr std::array<const char*, 3> names_of(StopRule) { return {"exact", "first", "patience"}; }

// Whether candidates come from the nucleus of each hypothesis, drawn or the most probable.
enum class NucleusMode { off, sample, best };
constexpr std::array<const char*, 3> names_of(NucleusMode) { return {"off", "sample", "best"}; }

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

template <class Visit>
void fields(BeamOptions& options, Visit visit) {
    visit("width", options.width);
    visit("length_penalty", options.length_penalty);
    visit("stop_rule", options.stop_rule);
    visit("patience", options.patience);
    visit("mode", options.nucleus);
    visit("top_p", options.top_p);
    visit("no_repeat_ngram", options.no_repeat_ngram);
    visit("banned", options.banned);
    visit("max_length", options.max_length);
    visit("min_length", options.min_length);
    visit("stops", options.stops);
}

}  // namespace charlm
