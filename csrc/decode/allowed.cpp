#include "decode/allowed.h"

#include "base/check.h"

namespace charlm {
AllowedIds::AllowedIds(std::size_t vocabulary_size, const std::vector<std::int32_t>& banned)
    : allowed_(id_mask(vocabulary_size, banned)),
      endless_(id_mask(vocabulary_size, banned)),
      here_(allowed_.size()) {
    endless_[kEos] = 0;
    check(holds_any(endless_), "every character is banned");
}

bool AllowedIds::holds_any(const Aligned<std::int32_t>& mask) {
    return std::any_of(mask.data(), mask.data() + mask.size(), [](auto in) { return in != 0; });
}

}  // namespace charlm
