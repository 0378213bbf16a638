#include "decode/ngrams.h"

#include <algorithm>

#include "base/check.h"

namespace charlm {
namespace {

// The hash of ids is a polynomial in this odd number, so that it rolls; what it finds is compared.
constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15u;

std::uint64_t digit(std::int32_t id) { return static_cast<std::uint64_t>(id) + 1; }

}  // namespace

Ngrams::Ngrams(std::size_t n) : n_(n) {
    check(n >= 1, "an n-gram has at least one id");
    for (std::size_t i = 2; i < n; ++i) oldest_factor_ *= kFactor;
}

Ngrams Ngrams::after(const Ngrams& prompt) {
    Ngrams result(prompt.n_);
    const auto context = static_cast<std::ptrdiff_t>(std::min(prompt.ids_.size(), prompt.n_ - 1));
    result.ids_.assign(prompt.ids_.end() - context, prompt.ids_.end());
    result.hash_ = prompt.hash_;
    result.prompt_ = &prompt;
    return result;
}

void Ngrams::append(std::int32_t id) {
    if (ids_.size() + 1 >= n_ && !holds(id)) {
        const auto [place, added] = last_.try_emplace(hash_, -1);
        entries_.push_back({ids_.size(), place->second});
        place->second = static_cast<std::int64_t>(entries_.size()) - 1;
    }
    ids_.push_back(id);
    if (n_ == 1) return;
    if (ids_.size() >= n_) hash_ -= digit(ids_[ids_.size() - n_]) * oldest_factor_;
    hash_ = hash_ * kFactor + digit(id);
}

bool Ngrams::begins_with(const Entry& entry, const std::int32_t* context) const {
    const auto end = ids_.begin() + static_cast<std::ptrdiff_t>(entry.place);
    return std::equal(end - static_cast<std::ptrdiff_t>(n_ - 1), end, context);
}

bool Ngrams::holds(std::int32_t id) const {
    bool found = false;
    for_each_repeat([&](std::int32_t other) { found |= other == id; });
    return found;
}

}  // namespace charlm
