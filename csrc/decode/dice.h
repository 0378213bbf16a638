// What all random numbers of one prompt share.
#pragma once

#include <cstdint>

namespace charlm {

struct Dice {
    std::uint64_t key = 0;     // the seed, exclusive-or the name of the prompt's dice
    std::uint32_t sample = 0;  // index of its first sample, or of its beam
};

}  // namespace charlm
