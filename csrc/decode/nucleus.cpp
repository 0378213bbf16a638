#include "decode/nucleus.h"

#include <algorithm>
#include <functional>

#include "decode/filters.h"
#include "decode/head.h"

namespace charlm {

Nucleus::Nucleus(const Kernels& kernels, std::size_t vocabulary_size, float top_p)
    : kernels_(kernels),
      size_(padded(vocabulary_size)),
      top_p_(top_p),
      mass_(size_),
      perturbed_(size_),
      listed_(size_) {
    check_top_p(top_p);
}

void Nucleus::read(const float* logits, const Aligned<std::int32_t>& mask) {
    logits_ = logits;
    max_ = kernels_.max(logits, mask.data(), size_);
    total_ = kernels_.exp_sum(logits, mask.data(), max_, mass_.data(), size_);
    const std::size_t count =
        kernels_.list_from(mass_.data(), mask.data(), least_mass(), listed_.data(), size_);
    members_.clear();
    for (std::size_t i = 0; i < count; ++i) members_.push_back({logits[listed_[i]], listed_[i]});
    log_mass_ = kernels_.log(top_p_ < 1 ? cut() : total_);
}

// All ids of less mass together do not make up what the nucleus leaves out (1 - top_p, less
// what the sums may have rounded), so none of them is in it.
float Nucleus::least_mass() const {
    const float rounding = static_cast<float>(size_ / kLanes + 8) * 0x1p-22f;
    return std::max(0.0f, 1 - top_p_ - rounding) * total_ / static_cast<float>(size_);
}

// Cuts members_ to those that are in, and returns their mass. They head the order.
float Nucleus::cut() {
    const auto end = end_of_head(members_.begin(), members_.end(), std::less<Ranked>(),
                                 [this](const Ranked& member) {
                                     return mass_ahead(member.value, member.id) < top_p_ * total_;
                                 });
    members_.erase(end, members_.end());
    return mass_ahead(members_.back().value, members_.back().id + 1);
}

float Nucleus::mass_ahead(float logit, std::int32_t id) const {
    return kernels_.mass_ahead(logits_, mass_.data(), logit, id, size_);
}

const std::vector<Nucleus::Member>& Nucleus::draw(const NoiseKey& key, std::size_t count) {
    kernels_.perturb(logits_, 1, key, perturbed_.data(), size_);
    for (Ranked& member : members_) member.value = perturbed_[static_cast<std::size_t>(member.id)];
    return first(count);
}

const std::vector<Nucleus::Member>& Nucleus::best(std::size_t count) { return first(count); }

const std::vector<Nucleus::Member>& Nucleus::first(std::size_t count) {
    const std::size_t size = std::min(count, members_.size());
    std::partial_sort(members_.begin(), members_.begin() + static_cast<std::ptrdiff_t>(size),
                      members_.end());
    chosen_.clear();
    for (std::size_t i = 0; i < size; ++i) {
        const std::int32_t id = members_[i].id;
        chosen_.push_back({id, (logits_[static_cast<std::size_t>(id)] - max_) - log_mass_});
    }
    return chosen_;
}

}  // namespace charlm
