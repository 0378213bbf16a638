// The ids that may be written at a position, whatever the strategy: the first filters.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned.h"
#include "decode/ngrams.h"

namespace charlm {

class AllowedIds {
  public:
    // Raises ValueError if a banned id is none, or every id but EOS is banned.
    AllowedIds(std::size_t vocabulary_size, const std::vector<std::int32_t>& banned);

    // The mask of what may follow a text: EOS only where the text may end, and where a history
    // is given nothing that repeats an n-gram of it (EOS apart), unless nothing else is left.
    // Valid until the next call.
    const std::int32_t* after(bool may_end, const Ngrams* history);

  private:
    Aligned<std::int32_t> allowed_, endless_, here_;  // endless_: without EOS
};

}  // namespace charlm
