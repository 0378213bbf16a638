#include "decode/sampler.h"

#include <limits>

namespace charlm {

Sampler::Sampler(const Kernels& kernels, std::size_t vocabulary_size, const Filters& filters)
    : kernels_(kernels),
      filters_(filters),
      left_(kernels, vocabulary_size),
      perturbed_(left_.size()) {
    check_filters(filters);
}

std::int32_t Sampler::draw(const float* logits, const std::int32_t* allowed, const NoiseKey& key) {
    left_.begin(logits, allowed);
    const float T = filters_.temperature;
    if (T == 0) return drawn_ = left_.best(logits);
    filter(filters_, left_);
    kernels_.perturb(logits, T, key, perturbed_.data(), left_.size());
    return drawn_ = left_.best(perturbed_.data());
}

void Sampler::settle() {
    if (filters_.temperature == 0) {
        left_.scale(1);
        left_.keep_if([this](std::int32_t id) { return id == drawn_; });
    }
    left_.weigh();
    log_total_ = kernels_.log(left_.total());
}

float Sampler::kept_log_prob(std::int32_t id) const {
    if (!left_.holds(id)) return -std::numeric_limits<float>::infinity();
    return (left_.scaled()[id] - left_.max()) - log_total_;
}

}  // namespace charlm
