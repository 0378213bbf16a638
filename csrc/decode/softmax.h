// The raw model's log-probabilities of one row: temperature 1, no filter, PAD included.
#pragma once

#include <vector>

#include "base/aligned.h"
#include "kernels/kernels.h"

namespace charlm {

// All ones for ids below V, zero for the padding lanes and for `banned` ids.
Aligned<std::int32_t> id_mask(std::size_t vocabulary_size,
                              const std::vector<std::int32_t>& banned = {});

class Softmax {
  public:
    explicit Softmax(const Kernels& kernels, std::size_t vocabulary_size)
        : kernels_(kernels), everything_(id_mask(vocabulary_size)), mass_(everything_.size()) {}

    // Reads one row of logits; log_prob then answers for its ids.
    void read(const float* logits) {
        max_ = kernels_.max(logits, everything_.data(), everything_.size());
        log_sum_ = kernels_.log(kernels_.exp_sum(logits, everything_.data(), max_, mass_.data(),
                                                 everything_.size()));
    }
    float log_prob(float logit) const { return (logit - max_) - log_sum_; }

  private:
    const Kernels& kernels_;
    Aligned<std::int32_t> everything_;
    Aligned<float> mass_;
    float max_ = 0, log_sum_ = 0;
};

}  // namespace charlm
