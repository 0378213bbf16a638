#include "decode/sampler.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "decode/softmax.h"

namespace charlm {

Aligned<std::int32_t> id_mask(std::size_t vocabulary_size,
                              const std::vector<std::int32_t>& banned) {
    Aligned<std::int32_t> mask(padded(vocabulary_size));
    std::fill_n(mask.data(), vocabulary_size, -1);
    for (const std::int32_t id : banned) {
        check(id >= 0 && static_cast<std::size_t>(id) < vocabulary_size,
              "banned id " + std::to_string(id) + " is not in the vocabulary");
        mask[static_cast<std::size_t>(id)] = 0;
    }
    return mask;
}

Sampler::Sampler(const Kernels& kernels, std::size_t vocabulary_size,
                 const std::vector<std::int32_t>& banned, const Filters& filters)
    : kernels_(kernels),
      filters_(filters),
      size_(padded(vocabulary_size)),
      allowed_(id_mask(vocabulary_size, banned)),
      mask_(size_),
      scaled_(size_),
      mass_(size_),
      perturbed_(size_) {
    const float T = filters.temperature;
    check(T == 0 || (T >= 0.01f && T <= 100), "temperature must be 0 or from 0.01 to 100");
    check(filters.top_k >= 0, "top_k must be 0 or more");
    check(filters.top_p > 0 && filters.top_p <= 1, "top_p must be above 0 and at most 1");
    check(filters.min_p >= 0 && filters.min_p < 1, "min_p must be from 0 to 1, 1 excluded");
    const auto ids = std::count(allowed_.data(), allowed_.data() + size_, -1);
    check(ids > 0, "every id is banned");
}

std::int32_t Sampler::draw(const float* logits, const NoiseKey& key) {
    std::memcpy(mask_.data(), allowed_.data(), size_ * sizeof(std::int32_t));
    const float T = filters_.temperature;
    if (T == 0) return best(logits);
    if (T == 1)
        std::memcpy(scaled_.data(), logits, size_ * sizeof(float));
    else
        kernels_.divide(logits, T, scaled_.data(), size_);
    if (filters_.top_k > 0) keep_best(static_cast<std::size_t>(filters_.top_k));
    const bool asks = filters_.top_p < 1 || filters_.min_p > 0;
    if (asks) {
        max_ = kernels_.max(scaled_.data(), mask_.data(), size_);
        total_ = kernels_.exp_sum(scaled_.data(), mask_.data(), max_, mass_.data(), size_);
    }
    kernels_.perturb(logits, T, key, perturbed_.data(), size_);
    std::int32_t id = best(perturbed_.data());
    while (asks && !passes(id)) {
        keep_ahead_of(id);
        id = best(perturbed_.data());
    }
    return id;
}

const std::vector<Sampler::Candidate>& Sampler::draw_from_nucleus(const float* logits,
                                                                  const NoiseKey& key,
                                                                  std::size_t count) {
    std::memcpy(mask_.data(), allowed_.data(), size_ * sizeof(std::int32_t));
    std::memcpy(scaled_.data(), logits, size_ * sizeof(float));
    max_ = kernels_.max(logits, mask_.data(), size_);
    total_ = kernels_.exp_sum(logits, mask_.data(), max_, mass_.data(), size_);
    keep_nucleus();
    const float log_mass = kernels_.log(kernels_.sum(mass_.data(), mask_.data(), size_));
    kernels_.perturb(logits, 1, key, perturbed_.data(), size_);
    const auto left = std::count(mask_.data(), mask_.data() + size_, -1);
    drawn_.clear();
    for (auto n = std::min(count, static_cast<std::size_t>(left)); n > 0; --n) {
        const std::int32_t id = best(perturbed_.data());
        const auto place = static_cast<std::size_t>(id);
        mask_[place] = 0;
        drawn_.push_back({id, (logits[place] - max_) - log_mass});
    }
    return drawn_;
}

void Sampler::list_ids() {
    order_.clear();
    for (std::size_t j = 0; j < size_; ++j)
        if (mask_[j] != 0) order_.push_back(static_cast<std::int32_t>(j));
}

bool Sampler::is_ahead(std::int32_t a, std::int32_t b) const {
    const float x = scaled_[static_cast<std::size_t>(a)], y = scaled_[static_cast<std::size_t>(b)];
    return x > y || (x == y && a < b);
}

void Sampler::keep_ahead_of(std::int32_t id) {
    kernels_.keep_ahead(scaled_.data(), mask_.data(), scaled_[static_cast<std::size_t>(id)], id,
                        size_);
}

// Keeps the k first of the order: a cut found by selection, the rest in one sweep.
void Sampler::keep_best(std::size_t k) {
    list_ids();
    if (k >= order_.size()) return;
    const auto first_out = order_.begin() + static_cast<std::ptrdiff_t>(k);
    std::nth_element(order_.begin(), first_out, order_.end(),
                     [this](std::int32_t a, std::int32_t b) { return is_ahead(a, b); });
    keep_ahead_of(*first_out);
}

// Keeps the nucleus: asks one id after another, best first, by halving the order.
void Sampler::keep_nucleus() {
    if (filters_.top_p >= 1) return;
    list_ids();
    std::sort(order_.begin(), order_.end(),
              [this](std::int32_t a, std::int32_t b) { return is_ahead(a, b); });
    const auto out = std::partition_point(order_.begin(), order_.end(),
                                          [this](std::int32_t id) { return passes(id); });
    if (out != order_.end()) keep_ahead_of(*out);
}

bool Sampler::passes(std::int32_t id) const {
    const auto place = static_cast<std::size_t>(id);
    if (filters_.top_p < 1 &&
        !(kernels_.mass_ahead(scaled_.data(), mass_.data(), scaled_[place], id, size_) <
          filters_.top_p * total_))
        return false;
    return mass_[place] >= filters_.min_p;  // the mass of the best is exp(0) = 1
}

// The lowest id among those with the largest value, of those still in the mask.
std::int32_t Sampler::best(const float* values) const {
    const float largest = kernels_.max(values, mask_.data(), size_);
    for (std::size_t j = 0; j < size_; ++j)
        if (mask_[j] != 0 && values[j] == largest) return static_cast<std::int32_t>(j);
    throw ValueError("a logit is not a number");
}

}  // namespace charlm
