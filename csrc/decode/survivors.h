// What the filters leave of one row: a set of ids, as a mask, and their masses.
//
// Most filters keep the head of an order: top_k, top_p and min_p of (logit descending, id
// ascending), typical_p of (distance from the mean logit ascending, id ascending). The last such
// head is not cut at once. For a draw an id need only be asked whether the mass ahead of it is
// small enough: the best perturbed id is kept or, with all behind it, dropped, and the next best
// is asked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned.h"
#include "kernels/kernels.h"

namespace charlm {

class Survivors {
  public:
    Survivors(const Kernels& kernels, std::size_t vocabulary_size);

    // Begins with the ids of the mask `allowed`, at least one, of a row of logits (both padded to
    // 16 lanes, both to outlive what is asked of them).
    void begin(const float* logits, const std::int32_t* allowed);

    // What a filter reads. Masses are of the ids that are left, exp of the scaled logits over the
    // largest, so that the best has 1 and those that are out 0; `weigh` brings them up to date.
    const Kernels& kernels() const { return kernels_; }
    std::size_t size() const { return size_; }  // V padded
    const float* scaled() const { return scaled_.data(); }
    void weigh();
    const float* mass() const { return mass_.data(); }
    float max() const { return max_; }      // of the scaled logits
    float total() const { return total_; }  // of the masses
    // Room for an order of a filter's own: larger is nearer the front. To be written after `weigh`.
    float* own_order() { return own_order_.data(); }

    // What a filter does.
    void scale(float temperature);   // scaled = logits / T
    void keep_first(std::size_t k);  // the k largest
    void keep_likely(float least);   // those with at least this share of the best one's mass
    // The head of an order: ids with less than this share of the whole mass ahead of them.
    void keep_share(const float* order, float share);
    // The ids for which keeps(id) holds: at least one.
    template <class Keeps>
    void keep_if(Keeps keeps) {
        settle();
        for (std::size_t j = 0; j < size_; ++j)
            if (mask_[j] != 0 && !keeps(static_cast<std::int32_t>(j))) mask_[j] = 0;
        weighed_ = false;
    }

    // The lowest of the ids left that have the largest value.
    std::int32_t best(const float* values);
    // After `weigh`.
    bool holds(std::int32_t id) const { return mask_[static_cast<std::size_t>(id)] != 0; }

  private:
    // Ids with less than a share of the whole ahead of them and no less than `least` of the best
    // one's mass.
    struct Head {
        const float* order = nullptr;  // null: everything
        float share = 1, least = 0;
    };

    void settle();
    bool in_head(std::int32_t id) const;
    void keep_ahead(const float* order, std::int32_t id);
    void list_ids();

    const Kernels& kernels_;
    std::size_t size_;
    Aligned<std::int32_t> mask_;  // all that is left is in it, and what the head still leaves out
    Aligned<float> scaled_, mass_, own_order_;
    float max_ = 0, total_ = 0;
    bool weighed_ = false;  // whether the masses are of the mask
    Head head_;
    std::vector<std::int32_t> ids_;
};

}  // namespace charlm
