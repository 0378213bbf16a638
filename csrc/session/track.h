// What a shard has produced of one kind and not handed out yet.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace charlm {

// Positions of `width` values; those that nothing is written to stay `none`.
template <class T>
class Track {
  public:
    Track(std::size_t width, T none) : width_(width), none_(none) {}

    void begin_position() { values_.resize(values_.size() + width_, none_); }
    // The position begun last.
    T* last() { return values_.data() + (values_.size() - width_); }

    // Moves up to `count` positions to out, a row of `stride` values apart.
    void hand_out(std::size_t count, T* out, std::size_t stride) {
        if (width_ == 0) return;
        const std::size_t ready = std::min(count, values_.size() / width_);
        const auto first = values_.begin();
        for (std::size_t t = 0; t < ready; ++t)
            std::copy_n(first + static_cast<std::ptrdiff_t>(t * width_), width_, out + t * stride);
        values_.erase(first, first + static_cast<std::ptrdiff_t>(ready * width_));
    }

  private:
    std::size_t width_;
    T none_;
    std::vector<T> values_;
};

}  // namespace charlm
