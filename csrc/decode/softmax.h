// The raw model's distribution of one row: temperature 1, no filter, PAD included.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "decode/ids.h"
#include "kernels/kernels.h"

namespace charlm {

class Softmax {
  public:
    explicit Softmax(const Kernels& kernels, std::size_t vocabulary_size)
        : kernels_(kernels), everything_(id_mask(vocabulary_size)), mass_(everything_.size()) {}

    // Reads one row of logits; the others then answer for it.
    void read(const float* logits) {
        logits_ = logits;
        max_ = kernels_.max(logits, everything_.data(), everything_.size());
        total_ =
            kernels_.exp_sum(logits, everything_.data(), max_, mass_.data(), everything_.size());
        log_sum_ = kernels_.log(total_);
    }
    float log_prob(float logit) const { return (logit - max_) - log_sum_; }
    // No logit below this one has a log_prob of `least` or more, however it was rounded.
    float least_logit(double least) const {
        const double size = std::fabs(least) + std::fabs(log_sum_) + std::fabs(max_) + 1;
        const double logit = least + log_sum_ + max_ - 1e-6 * size;
        return static_cast<float>(std::max<double>(logit, -std::numeric_limits<float>::max()));
    }
    // In nats: minus the mean of the log-probabilities.
    float entropy() const {
        const float mean =
            kernels_.weighted_sum(logits_, mass_.data(), max_, mass_.size()) / total_;
        return log_sum_ - mean;
    }

  private:
    const Kernels& kernels_;
    Aligned<std::int32_t> everything_;
    Aligned<float> mass_;
    const float* logits_ = nullptr;
    float max_ = 0, total_ = 0, log_sum_ = 0;
};

}  // namespace charlm
