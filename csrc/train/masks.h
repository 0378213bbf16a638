// Which numbers are hidden: a mask is a function of seed, step, place, time, row and unit alone,
// so it depends neither on threads nor on how the rows of a batch are split up.
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

    // Hides a share of a row of n units.
    void drop(const Kernels& kernels, double share, Place place, std::size_t layer,
              std::size_t time, std::size_t row, float* x, std::size_t n) const {
        const auto where =
            static_cast<std::uint32_t>(place) + 5 * static_cast<std::uint32_t>(layer);
        const DropKey named{
            .key = key->seed,
            .counters = {key->step, static_cast<std::uint32_t>(time),
                         key->first_row + static_cast<std::uint32_t>(row)},
            .first = where << 24,
            .threshold = static_cast<std::uint32_t>(std::lround(share * 65536)),
            .scale = static_cast<float>(1 / (1 - share)),
        };
        kernels.training.drop(x, named, n);
    }
};

}  // namespace charlm
