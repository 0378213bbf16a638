// The one sampler: filters, then one keyed draw.
//
// The noise of an id is named by (key; sample index, position, slot, id), never by a place in a
// batch; the key is the seed, exclusive-or the name of the prompt's dice (decode/dice.h). With
// u = ((word >> 9) + 0.5) 2^-23, Gumbel noise g = -log(-log u), the id drawn is the argmax of
// logit + T g over what the filters keep (the Gumbel-max trick). Two settings of a filter thus
// share their dice, and T = 0 is greedy.
#pragma once

#include <cstdint>

#include "decode/filters.h"

namespace charlm {

class Sampler {
  public:
    // Raises ValueError for a filter out of its range.
    Sampler(const Kernels& kernels, std::size_t vocabulary_size, const Filters& filters);

    // One id of the mask `allowed`, which holds at least one, from a row of logits (both padded
    // to 16 lanes).
    std::int32_t draw(const float* logits, const std::int32_t* allowed, const NoiseKey& key);

    // After a draw: works out all that the filters kept, and then says of an id its
    // log-probability among them, minus infinity if it was filtered out.
    void settle();
    float kept_log_prob(std::int32_t id) const;

  private:
    const Kernels& kernels_;
    Filters filters_;
    Survivors left_;
    Aligned<float> perturbed_;  // logits with noise
    float log_total_ = 0;
    std::int32_t drawn_ = 0;
};

}  // namespace charlm
