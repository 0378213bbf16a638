#include "decode/stops.h"

#include <algorithm>
#include <string>

#include "base/check.h"

namespace charlm {

Stops::Stops(std::size_t vocabulary_size, std::vector<std::vector<std::int32_t>> sequences) {
    for (std::vector<std::int32_t>& ids : sequences) {
        check(!ids.empty(), "a stop is empty");
        for (const std::int32_t id : ids)
            check(id >= 0 && static_cast<std::size_t>(id) < vocabulary_size,
                  "id " + std::to_string(id) + " of a stop is not in the vocabulary");
        Sequence sequence{std::move(ids), {0, 0}};
        for (std::size_t k = 1; k < sequence.ids.size(); ++k)
            sequence.overlap.push_back(sequence.next(sequence.overlap[k], sequence.ids[k]));
        sequences_.push_back(std::move(sequence));
    }
}

std::uint32_t Stops::Sequence::next(std::uint32_t matched, std::int32_t id) const {
    if (matched == ids.size()) matched = overlap[matched];
    while (matched > 0 && ids[matched] != id) matched = overlap[matched];
    return matched + (ids[matched] == id ? 1 : 0);
}

bool Stops::take(std::int32_t id, Progress& progress) const {
    progress.resize(sequences_.size());
    bool ends = false;
    for (std::size_t s = 0; s < sequences_.size(); ++s) {
        progress[s] = sequences_[s].next(progress[s], id);
        ends |= progress[s] == sequences_[s].ids.size();
    }
    return ends;
}

void Stops::list_endings(const Progress& progress, std::vector<std::int32_t>& ids) const {
    for (std::size_t s = 0; s < sequences_.size(); ++s) {
        const std::int32_t last = sequences_[s].ids.back();
        const std::uint32_t matched = progress.empty() ? 0 : progress[s];
        if (sequences_[s].next(matched, last) == sequences_[s].ids.size() &&
            std::find(ids.begin(), ids.end(), last) == ids.end())
            ids.push_back(last);
    }
}

}  // namespace charlm
