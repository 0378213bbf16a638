// How a character stood among the others, for one row of logits. PAD does not count.
#pragma once

#include <cstdint>
#include <vector>

namespace charlm {

// How many ids are ahead of `id` in the order (logit descending, id ascending).
std::int32_t rank_of(std::int32_t id, const float* logits, std::size_t vocabulary_size);

class Rivals {
  public:
    // count <= V - 1.
    Rivals(std::size_t vocabulary_size, std::size_t count);

    std::size_t count() const { return count_; }
    // The first ids of that order.
    const std::vector<std::int32_t>& read(const float* logits);

  private:
    std::size_t vocabulary_size_, count_;
    std::vector<std::int32_t> ids_;
};

}  // namespace charlm
