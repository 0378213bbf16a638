// The ids that are no characters, and sets of ids as masks.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned.h"

namespace charlm {

inline constexpr std::int32_t kPad = 0, kEos = 1;

// All ones for ids below V, zero for the padding lanes and for `banned` ids. Raises ValueError
// for an id that is not below V.
Aligned<std::int32_t> id_mask(std::size_t vocabulary_size,
                              const std::vector<std::int32_t>& banned = {});

}  // namespace charlm
