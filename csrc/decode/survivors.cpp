#include "decode/survivors.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "decode/head.h"

namespace charlm {
namespace {

// The order (value descending, id ascending).
auto ahead_in(const float* values) {
    return [values](std::int32_t a, std::int32_t b) {
        return values[a] > values[b] || (values[a] == values[b] && a < b);
    };
}

}  // namespace

Survivors::Survivors(const Kernels& kernels, std::size_t vocabulary_size)
    : kernels_(kernels),
      size_(padded(vocabulary_size)),
      mask_(size_),
      scaled_(size_),
      mass_(size_),
      own_order_(size_) {}

void Survivors::begin(const float* logits, const std::int32_t* allowed) {
    std::memcpy(mask_.data(), allowed, size_ * sizeof(std::int32_t));
    std::memcpy(scaled_.data(), logits, size_ * sizeof(float));
    weighed_ = false;
    head_ = {};
}

void Survivors::weigh() {
    settle();
    if (weighed_) return;
    max_ = kernels_.max(scaled_.data(), mask_.data(), size_);
    total_ = kernels_.exp_sum(scaled_.data(), mask_.data(), max_, mass_.data(), size_);
    weighed_ = true;
}

void Survivors::scale(float temperature) {
    if (temperature == 1) return;
    kernels_.divide(scaled_.data(), temperature, scaled_.data(), size_);
    weighed_ = false;
}

// A cut found by selection, the rest in one sweep.
void Survivors::keep_first(std::size_t k) {
    settle();
    list_ids();
    if (k >= ids_.size()) return;
    const auto first_out = ids_.begin() + static_cast<std::ptrdiff_t>(k);
    std::nth_element(ids_.begin(), first_out, ids_.end(), ahead_in(scaled_.data()));
    keep_ahead(scaled_.data(), *first_out);
    weighed_ = false;
}

// The best one's mass is 1 with or without a head of the same order: the two are cut as one.
void Survivors::keep_likely(float least) {
    if (head_.order != scaled_.data()) {
        weigh();
        head_.order = scaled_.data();
    }
    head_.least = std::max(head_.least, least);
}

void Survivors::keep_share(const float* order, float share) {
    weigh();
    head_ = {order, share, 0};
}

std::int32_t Survivors::best(const float* values) {
    for (;;) {
        const float largest = kernels_.max(values, mask_.data(), size_);
        std::size_t j = 0;
        while (j < size_ && !(mask_[j] != 0 && values[j] == largest)) ++j;
        check(j < size_, "a logit is not a number");
        const auto id = static_cast<std::int32_t>(j);
        if (in_head(id)) return id;
        keep_ahead(head_.order, id);
    }
}

// Takes all that is not in the head out of the mask.
void Survivors::settle() {
    if (head_.order == nullptr) return;
    list_ids();
    const auto end = end_of_head(ids_.begin(), ids_.end(), ahead_in(head_.order),
                                 [this](std::int32_t id) { return in_head(id); });
    if (end != ids_.end()) keep_ahead(head_.order, *end);
    head_ = {};
    weighed_ = false;
}

bool Survivors::in_head(std::int32_t id) const {
    if (head_.order == nullptr) return true;
    const auto place = static_cast<std::size_t>(id);
    if (head_.share < 1 && !(kernels_.mass_ahead(head_.order, mass_.data(), head_.order[place], id,
                                                 size_) < head_.share * total_))
        return false;
    return mass_[place] >= head_.least;
}

void Survivors::keep_ahead(const float* order, std::int32_t id) {
    kernels_.keep_ahead(order, mask_.data(), order[id], id, size_);
}

void Survivors::list_ids() {
    ids_.clear();
    for (std::size_t j = 0; j < size_; ++j)
        if (mask_[j] != 0) ids_.push_back(static_cast<std::int32_t>(j));
}

}  // namespace charlm
