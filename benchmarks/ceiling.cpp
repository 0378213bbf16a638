// What this core can do at best: fused multiply-adds on registers, and reading a buffer of a
// given size over and over. benchmarks/ceiling.py compiles it for the engine's instruction set.

#include <cstddef>

namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif
typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));

// As many as hide the latency of an addition on two units, and still fit in the registers.
constexpr int kSums = 12;

}  // namespace

extern "C" {

// Operations done: 2 * lanes * sums a turn. `sink` keeps the compiler from leaving them out.
double multiply_add(long turns, float* sink) {
    Lanes sums[kSums], x, y;
    for (int i = 0; i < kLanes; ++i) x[i] = 0.5f, y[i] = sink[i];
    for (int s = 0; s < kSums; ++s) sums[s] = y + static_cast<float>(s);  // all different
    for (long turn = 0; turn < turns; ++turn)
#pragma GCC unroll 12
        for (int s = 0; s < kSums; ++s) sums[s] = sums[s] * x + y;  // contracted to one fma
    for (int s = 1; s < kSums; ++s) sums[0] += sums[s];
    for (int i = 0; i < kLanes; ++i) sink[i] = sums[0][i];
    return 2.0 * kLanes * kSums * static_cast<double>(turns);
}

// Bytes read: the buffer, up to a whole number of inner loops, every turn.
double read(const float* buffer, std::size_t count, long turns, float* sink) {
    Lanes sums[kSums] = {};
    const std::size_t step = kLanes * kSums, whole = count / step * step;
    for (long turn = 0; turn < turns; ++turn) {
        for (std::size_t k = 0; k < whole; k += step)
#pragma GCC unroll 12
            for (int s = 0; s < kSums; ++s)
                sums[s] += *reinterpret_cast<const Lanes*>(buffer + k + s * kLanes);
        asm volatile("" : : "r"(buffer) : "memory");  // read again, whatever was found before
    }
    for (int s = 1; s < kSums; ++s) sums[0] += sums[s];
    for (int i = 0; i < kLanes; ++i) sink[i] = sums[0][i];
    return static_cast<double>(whole * sizeof(float)) * static_cast<double>(turns);
}

}  // extern "C"
