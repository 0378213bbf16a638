// The one sampler: filters, then one keyed draw.
//
// The noise of an id is named by (seed; sample index, position, slot, id), never by a place in
// a batch: u = ((word >> 9) + 0.5) 2^-23, Gumbel noise g = -log(-log u), and the id drawn is
// the argmax of logit + T g over what the filters keep (the Gumbel-max trick). Two settings of
// a filter thus share their dice, and T = 0 is greedy.
//
// Every filter keeps the head of one order, (logit descending, id ascending). So an id need
// only be asked whether the mass ahead of it is small enough: the best perturbed id is kept or,
// with all behind it, dropped, and the next best is asked.
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
};

class Sampler {
  public:
    // Raises ValueError for a filter out of its range. Banned ids are never drawn.
    Sampler(const Kernels& kernels, std::size_t vocabulary_size,
            const std::vector<std::int32_t>& banned, const Filters& filters);

    // One id, from a row of logits (padded to 16 lanes).
    std::int32_t draw(const float* logits, const NoiseKey& key);

    struct Candidate {
        std::int32_t id;
        float log_prob;  // log p_nucleus
    };
    // Up to `count` different ids of the nucleus, drawn without replacement (Gumbel-top-K;
    // Kool et al., "Stochastic beams and where to find them", 2019). Temperature 1.
    const std::vector<Candidate>& draw_from_nucleus(const float* logits, const NoiseKey& key,
                                                    std::size_t count);

  private:
    void list_ids();
    bool is_ahead(std::int32_t a, std::int32_t b) const;
    void keep_ahead_of(std::int32_t id);
    void keep_best(std::size_t k);
    void keep_nucleus();
    bool passes(std::int32_t id) const;
    std::int32_t best(const float* values) const;

    const Kernels& kernels_;
    Filters filters_;
    std::size_t size_;  // V padded
    Aligned<std::int32_t> allowed_, mask_;
    Aligned<float> scaled_, mass_, perturbed_;
    float max_ = 0, total_ = 0;
    std::vector<std::int32_t> order_;
    std::vector<Candidate> drawn_;
};

}  // namespace charlm
