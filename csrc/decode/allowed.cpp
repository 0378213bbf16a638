#include "decode/allowed.h"

#include <algorithm>

#include "base/check.h"
#include "decode/ids.h"

namespace charlm {
namespace {

bool holds_any(const Aligned<std::int32_t>& mask) {
    return std::any_of(mask.data(), mask.data() + mask.size(), [](auto in) { return in != 0; });
}

}  // namespace

AllowedIds::AllowedIds(std::size_t vocabulary_size, const std::vector<std::int32_t>& banned)
    : allowed_(id_mask(vocabulary_size, banned)),
      endless_(id_mask(vocabulary_size, banned)),
      here_(allowed_.size()) {
    endless_[kEos] = 0;
    check(holds_any(endless_), "every character is banned");
}

const std::int32_t* AllowedIds::after(bool may_end, const Ngrams* history) {
    const Aligned<std::int32_t>& allowed = may_end ? allowed_ : endless_;
    if (history == nullptr) return allowed.data();
    std::copy_n(allowed.data(), allowed.size(), here_.data());
    history->for_each_repeat([this](std::int32_t id) {
        if (id != kEos) here_[static_cast<std::size_t>(id)] = 0;
    });
    return holds_any(here_) ? here_.data() : allowed.data();
}

}  // namespace charlm
