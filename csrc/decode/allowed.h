// The ids that may be written at a position, whatever the strategy: the first filters.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/aligned.h"
#include "decode/ids.h"

namespace charlm {

class AllowedIds {
  public:
    // Raises ValueError if a banned id is none, or every id but EOS is banned.
    AllowedIds(std::size_t vocabulary_size, const std::vector<std::int32_t>& banned);

    // The mask of what may follow a text: EOS only where the text may end, and where a history
    // (Ngrams, or another with its for_each_repeat) is given nothing that repeats an n-gram of
    // it (EOS apart), unless nothing else is left. Valid until the next call.
    template <class History>
    const std::int32_t* after(bool may_end, const History* history) {
        const Aligned<std::int32_t>& allowed = may_end ? allowed_ : endless_;
        if (history == nullptr) return allowed.data();
        std::copy_n(allowed.data(), allowed.size(), here_.data());
        history->for_each_repeat([this](std::int32_t id) {
            if (id != kEos) here_[static_cast<std::size_t>(id)] = 0;
        });
        return holds_any(here_) ? here_.data() : allowed.data();
    }

  private:
    static bool holds_any(const Aligned<std::int32_t>& mask);

    Aligned<std::int32_t> allowed_, endless_, here_;  // endless_: without EOS
};

}  // namespace charlm
