// Sequences of ids that end a text.
#pragma once

#include <cstdint>
#include <vector>

namespace charlm {

class Stops {
  public:
    // Raises ValueError for an empty sequence or an id that is not below V.
    Stops(std::size_t vocabulary_size, std::vector<std::vector<std::int32_t>> sequences);

    // How much of each sequence a text ends with; empty before its first id.
    using Progress = std::vector<std::uint32_t>;

    // Takes the next id of a text; whether the text now ends with one of the sequences.
    bool take(std::int32_t id, Progress& progress) const;
    // Adds to `ids` those that would end a text, each once.
    void list_endings(const Progress& progress, std::vector<std::int32_t>& ids) const;

  private:
    struct Sequence {
        std::vector<std::int32_t> ids;
        // overlap[k]: the longest end of the first k ids that is shorter and begins the sequence
        // (Knuth, Morris and Pratt, "Fast pattern matching in strings", 1977).
        std::vector<std::uint32_t> overlap;

        std::uint32_t next(std::uint32_t matched, std::int32_t id) const;
    };

    std::vector<Sequence> sequences_;
};

}  // namespace charlm
