// Which numbers are hidden: a mask is a function of seed, step, place, time, row and unit alone,
// so it depends neither on threads nor on how the rows of a batch are split up. What is hidden for
// all rows alike, weights and characters, knows no rows.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/kernels.h"

namespace charlm {

// What names the masks of one pass: rows are counted from `first_row` on.
struct MaskKey {
    std::uint64_t seed;
    std::uint32_t step, first_row;
};

// Where a mask is laid; layers are counted from 0.
enum class Place : std::uint32_t { input, output, candidate, weight, characters };

class Masks {
  public:
    // Nothing is hidden without a key.
    const MaskKey* key = nullptr;
    std::size_t rows_before = 0;  // of the batch: those that another process has

    // Hides a share of a row of n units.
    void drop(const Kernels& kernels, double share, Place place, std::size_t layer,
              std::size_t time, std::size_t row, float* x, std::size_t n) const {
        const auto where =
            static_cast<std::uint32_t>(place) + 5 * static_cast<std::uint32_t>(layer);
        const bool for_all = place == Place::weight || place == Place::characters;
        const std::size_t in_batch = row + (for_all ? 0 : rows_before);
        const DropKey named{
            .key = key->seed,
            .counters = {key->step, static_cast<std::uint32_t>(time),
                         key->first_row + static_cast<std::uint32_t>(in_batch)},
            .first = where << 24,
            .threshold = static_cast<std::uint32_t>(std::lround(share * 65536)),
            .scale = static_cast<float>(1 / (1 - share)),
        };
        kernels.training.drop(x, named, n);
    }
};

}  // namespace charlm
