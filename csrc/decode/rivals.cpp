#include "decode/rivals.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "decode/ids.h"

namespace charlm {

std::int32_t rank_of(std::int32_t id, const float* logits, std::size_t vocabulary_size) {
    const auto place = static_cast<std::size_t>(id);
    std::int32_t ahead = 0;
    for (std::size_t j = kPad + 1; j < vocabulary_size; ++j)
        ahead += logits[j] > logits[place] || (logits[j] == logits[place] && j < place);
    return ahead;
}

Rivals::Rivals(std::size_t vocabulary_size, std::size_t count)
    : vocabulary_size_(vocabulary_size), count_(count) {
    check(count < vocabulary_size, "there are fewer rivals than that");
}

const std::vector<std::int32_t>& Rivals::read(const float* logits) {
    ids_.resize(vocabulary_size_ - 1);
    std::iota(ids_.begin(), ids_.end(), kPad + 1);
    std::partial_sort(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(count_), ids_.end(),
                      [logits](std::int32_t a, std::int32_t b) {
                          return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
                      });
    ids_.resize(count_);
    return ids_;
}

}  // namespace charlm
