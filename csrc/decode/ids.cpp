#include "decode/ids.h"

#include <algorithm>
#include <string>

#include "base/check.h"

namespace charlm {

Aligned<std::int32_t> id_mask(std::size_t vocabulary_size,
                              const std::vector<std::int32_t>& banned) {
    Aligned<std::int32_t> mask(padded(vocabulary_size));
    std::fill_n(mask.data(), vocabulary_size, -1);
    for (const std::int32_t id : banned) {
        check(id >= 0 && static_cast<std::size_t>(id) < vocabulary_size,
              "banned id " + std::to_string(id) + " is not in the vocabulary");
        mask[static_cast<std::size_t>(id)] = 0;
    }
    return mask;
}

}  // namespace charlm
