#include "decode/sampler.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace charlm {
namespace {

// Whether a stands ahead of b in (value descending, id ascending).
bool is_ahead(const float* order, std::int32_t a, std::int32_t b) {
    return order[a] > order[b] || (order[a] == order[b] && a < b);
}

}  // namespace

Sampler::Sampler(const Kernels& kernels, std::size_t vocabulary_size, const Filters& filters)
    : kernels_(kernels),
      filters_(filters),
      size_(padded(vocabulary_size)),
      mask_(size_),
      scaled_(size_),
      mass_(size_),
      typicality_(size_),
      perturbed_(size_) {
    const float T = filters.temperature;
    check(T == 0 || (T >= 0.01f && T <= 100), "temperature must be 0 or from 0.01 to 100");
    check(filters.top_k >= 0, "top_k must be 0 or more");
    check(filters.top_p > 0 && filters.top_p <= 1, "top_p must be above 0 and at most 1");
    check(filters.min_p >= 0 && filters.min_p < 1, "min_p must be from 0 to 1, 1 excluded");
    check(filters.typical_p > 0 && filters.typical_p <= 1,
          "typical_p must be above 0 and at most 1");
}

std::int32_t Sampler::draw(const float* logits, const std::int32_t* allowed,
                           const NoiseKey& key) {
    std::memcpy(mask_.data(), allowed, size_ * sizeof(std::int32_t));
    logits_ = logits;
    head_ = {};
    const float T = filters_.temperature;
    if (T == 0) return drawn_ = best(logits);
    if (T == 1)
        std::memcpy(scaled_.data(), logits, size_ * sizeof(float));
    else
        kernels_.divide(logits, T, scaled_.data(), size_);
    if (filters_.top_k > 0) keep_best(static_cast<std::size_t>(filters_.top_k));
    if (filters_.top_p < 1 || filters_.min_p > 0) {
        weigh();
        head_ = {scaled_.data(), filters_.top_p, filters_.min_p};
    }
    if (filters_.typical_p < 1) {
        keep_head();
        weigh();
        head_ = typical_head();
    }
    kernels_.perturb(logits, T, key, perturbed_.data(), size_);
    drawn_ = best(perturbed_.data());
    while (!in_head(drawn_)) {
        keep_ahead(head_.order, drawn_);
        drawn_ = best(perturbed_.data());
    }
    return drawn_;
}

void Sampler::settle() {
    if (filters_.temperature == 0) {
        std::memcpy(scaled_.data(), logits_, size_ * sizeof(float));
        std::fill_n(mask_.data(), size_, 0);
        mask_[static_cast<std::size_t>(drawn_)] = -1;
    }
    keep_head();
    weigh();
    log_total_ = kernels_.log(total_);
}

float Sampler::kept_log_prob(std::int32_t id) const {
    const auto place = static_cast<std::size_t>(id);
    if (mask_[place] == 0) return -std::numeric_limits<float>::infinity();
    return (scaled_[place] - max_) - log_total_;
}

// Keeps the k first of the order: a cut found by selection, the rest in one sweep.
void Sampler::keep_best(std::size_t k) {
    list_ids();
    if (k >= order_.size()) return;
    const auto first_out = order_.begin() + static_cast<std::ptrdiff_t>(k);
    std::nth_element(order_.begin(), first_out, order_.end(),
                     [this](std::int32_t a, std::int32_t b) {
                         return is_ahead(scaled_.data(), a, b);
                     });
    keep_ahead(scaled_.data(), *first_out);
}

// Masses of what is left; that of the best is exp(0) = 1.
void Sampler::weigh() {
    max_ = kernels_.max(scaled_.data(), mask_.data(), size_);
    total_ = kernels_.exp_sum(scaled_.data(), mask_.data(), max_, mass_.data(), size_);
}

// Locally typical: |-log p - entropy| orders the ids (Meister et al., "Locally typical
// sampling", 2022). The normaliser cancels, which leaves the distance from the mean logit.
Sampler::Head Sampler::typical_head() {
    const float mean = kernels_.weighted_sum(scaled_.data(), mass_.data(), max_, size_) / total_;
    kernels_.nearness(scaled_.data(), max_, mean, typicality_.data(), size_);
    return {typicality_.data(), filters_.typical_p, 0};
}

// Takes all that is not in the head out of the mask: where the order leaves it is found by
// halving, without sorting.
void Sampler::keep_head() {
    if (head_.order == nullptr) return;
    list_ids();
    const auto begin = order_.begin();
    std::ptrdiff_t in = 0, out = std::ssize(order_);
    while (in < out) {
        const std::ptrdiff_t middle = in + (out - in) / 2;
        std::nth_element(begin + in, begin + middle, begin + out,
                         [this](std::int32_t a, std::int32_t b) {
                             return is_ahead(head_.order, a, b);
                         });
        if (in_head(begin[middle]))
            in = middle + 1;
        else
            out = middle;
    }
    if (in < std::ssize(order_)) keep_ahead(head_.order, begin[in]);
}

bool Sampler::in_head(std::int32_t id) const {
    if (head_.order == nullptr) return true;
    const auto place = static_cast<std::size_t>(id);
    if (head_.share < 1 && !(kernels_.mass_ahead(head_.order, mass_.data(), head_.order[place], id,
                                                 size_) < head_.share * total_))
        return false;
    return mass_[place] >= head_.least;
}

void Sampler::keep_ahead(const float* order, std::int32_t id) {
    kernels_.keep_ahead(order, mask_.data(), order[id], id, size_);
}

void Sampler::list_ids() {
    order_.clear();
    for (std::size_t j = 0; j < size_; ++j)
        if (mask_[j] != 0) order_.push_back(static_cast<std::int32_t>(j));
}

// The lowest id among those with the largest value, of those still in the mask.
std::int32_t Sampler::best(const float* values) const {
    const float largest = kernels_.max(values, mask_.data(), size_);
    for (std::size_t j = 0; j < size_; ++j)
        if (mask_[j] != 0 && values[j] == largest) return static_cast<std::int32_t>(j);
    throw ValueError("a logit is not a number");
}

}  // namespace charlm
