// Where a packed weight lies. Columns come in blocks of 16; a group of `group` neighbouring
// blocks (the last may have fewer) holds its rows one after another: [group][k][block][16].
// A line is left free behind each group: groups whose length is a power of two would otherwise
// fall on the same sets of the cache when several are read side by side.
#pragma once

#include <cstddef>

namespace charlm {

// First element of the group that begins with block `first`.
constexpr std::size_t packed_group_at(std::size_t first, std::size_t k_size, std::size_t group) {
    return first * 16 * k_size + first / group * 16;
}

constexpr std::size_t packed_size(std::size_t blocks, std::size_t k_size, std::size_t group) {
    return blocks * 16 * k_size + (blocks + group - 1) / group * 16;
}

// Index of (k, column).
constexpr std::size_t packed_place(std::size_t k, std::size_t column, std::size_t blocks,
                                   std::size_t k_size, std::size_t group) {
    const std::size_t block = column / 16, first = block - block % group;
    const std::size_t width = blocks - first < group ? blocks - first : group;
    return packed_group_at(first, k_size, group) + k * width * 16 + (block - first) * 16 +
           column % 16;
}

}  // namespace charlm
