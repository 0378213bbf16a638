// Rows of floats in one piece of memory, and the pointers to them that the kernels take.
#pragma once

#include <cstddef>
#include <vector>

#include "base/aligned.h"

namespace charlm {

class Rows {
  public:
    // Makes room for `count` rows of `size` floats, rounded up to whole vectors. What was there
    // may be anywhere.
    void shape(std::size_t count, std::size_t size) {
        width_ = padded(size);
        memory_.grow(count * width_);
        pointers_.resize(count);
        for (std::size_t n = 0; n < count; ++n) pointers_[n] = memory_.data() + n * width_;
    }
    void zero() { std::fill_n(memory_.data(), count() * width_, 0.0f); }

    std::size_t count() const { return pointers_.size(); }
    std::size_t width() const { return width_; }
    float* operator[](std::size_t row) const { return pointers_[row]; }
    // The rows from `first` on.
    float* const* from(std::size_t first = 0) const { return pointers_.data() + first; }

  private:
    Aligned<float> memory_;
    std::vector<float*> pointers_;
    std::size_t width_ = 0;
};

}  // namespace charlm
