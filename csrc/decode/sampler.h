// The one sampler: filters, then one keyed draw.
//
// The noise of an id is named by (key; sample index, position, slot, id), never by a place in a
// batch; the key is the seed, exclusive-or the name of the prompt's dice (decode/dice.h). With
// u = ((word >> 9) + 0.5) 2^-23, Gumbel noise g = -log(-log u), the id drawn is the argmax of
// logit + T g over what the filters keep (the Gumbel-max trick). Two settings of a filter thus
// share their dice, and T = 0 is greedy.
//
// Every filter keeps the head of an order: top_k, top_p and min_p of (logit descending, id
// ascending), typical_p of (distance from the mean logit ascending, id ascending). So of the
// last filter an id need only be asked whether the mass ahead of it is small enough: the best
// perturbed id is kept or, with all behind it, dropped, and the next best is asked.
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned.h"
#include "kernels/kernels.h"

namespace charlm {

struct Filters {
    float temperature = 1;   // 0, or 0.01 to 100
    std::int32_t top_k = 0;  // 0: off
    float top_p = 1;         // (0, 1]
    float min_p = 0;         // [0, 1)
    float typical_p = 1;     // (0, 1]
};

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
    // The head of an order, by mass: ids with less than a share of the whole ahead of them and
    // no less than `least` of the best one's mass.
    struct Head {
        const float* order = nullptr;  // larger is nearer the front; null: everything
        float share = 1, least = 0;
    };

    void keep_best(std::size_t k);
    void weigh();
    Head typical_head();
    void keep_head();
    bool in_head(std::int32_t id) const;
    void keep_ahead(const float* order, std::int32_t id);
    void list_ids();
    std::int32_t best(const float* values) const;

    const Kernels& kernels_;
    Filters filters_;
    std::size_t size_;  // V padded
    Aligned<std::int32_t> mask_;
    // logits / T; exp of them over the largest, 0 where filtered out; minus their distance from
    // the mean; with noise.
    Aligned<float> scaled_, mass_, typicality_, perturbed_;
    float max_ = 0, total_ = 0, log_total_ = 0;
    Head head_;
    const float* logits_ = nullptr;
    std::int32_t drawn_ = 0;
    std::vector<std::int32_t> order_;
};

}  // namespace charlm
