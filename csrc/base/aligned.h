// Memory for vectors: 64-byte aligned, zeroed, of a size fixed at its making.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace charlm {

inline constexpr std::size_t kLanes = 16;

// n rounded up to whole vectors of 16.
inline constexpr std::size_t padded(std::size_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

template <class T>
class Aligned {
  public:
    Aligned() = default;
    explicit Aligned(std::size_t size) : size_(size) {
        if (size == 0) return;
        if (size > PTRDIFF_MAX / sizeof(T)) throw std::bad_array_new_length();
        data_ = static_cast<T*>(::operator new(size * sizeof(T), std::align_val_t{64}));
        std::memset(static_cast<void*>(data_), 0, size * sizeof(T));
    }
    Aligned(Aligned&& other) noexcept { swap(other); }
    Aligned& operator=(Aligned&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Aligned() { ::operator delete(data_, std::align_val_t{64}); }

    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }
    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }

    // Makes room for `size` elements; what was there is kept, what is new is zero.
    void grow(std::size_t size) {
        if (size <= size_) return;
        Aligned larger(size + size / 2);
        if (size_ != 0) std::memcpy(larger.data_, data_, size_ * sizeof(T));
        swap(larger);
    }

    void swap(Aligned& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
    }

  private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace charlm
