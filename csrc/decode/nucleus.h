// The nucleus of one row, and the K of it that a hypothesis offers: drawn, or the most probable.
//
// An id is in the nucleus if the mass ahead of it, in the order (logit descending, id
// ascending), is below top_p of the whole: the smallest set with at least that mass (Holtzman
// et al., "The curious case of neural text degeneration", 2019).
#pragma once

#include <cstdint>
#include <vector>

#include "base/aligned.h"
#include "kernels/kernels.h"

namespace charlm {

class Nucleus {
  public:
    struct Member {
        std::int32_t id;
        float log_prob;  // log p_nucleus: its share of the nucleus
    };

    Nucleus(const Kernels& kernels, std::size_t vocabulary_size, float top_p);

    // Finds the nucleus of a row (padded to 16 lanes) among the ids of the mask, at least one.
    void read(const float* logits, const Aligned<std::int32_t>& mask);

    // Up to `count` different members, drawn without replacement (Gumbel-top-K; Kool et al.,
    // "Stochastic beams and where to find them", 2019).
    const std::vector<Member>& draw(const NoiseKey& key, std::size_t count);
    // Up to `count` members, the most probable first.
    const std::vector<Member>& best(std::size_t count);

  private:
    struct Ranked {
        float value;
        std::int32_t id;
        bool operator<(const Ranked& other) const {
            return value != other.value ? value > other.value : id < other.id;
        }
    };

    float least_mass() const;
    float cut();
    float mass_ahead(float logit, std::int32_t id) const;
    const std::vector<Member>& first(std::size_t count);

    const Kernels& kernels_;
    std::size_t size_;  // V padded
    float top_p_;
    const float* logits_ = nullptr;
    Aligned<float> mass_, perturbed_;
    Aligned<std::int32_t> listed_;
    float max_ = 0, total_ = 0, log_mass_ = 0;
    std::vector<Ranked> members_;
    std::vector<Member> chosen_;
};

}  // namespace charlm
