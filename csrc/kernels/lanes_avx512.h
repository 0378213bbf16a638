// 16 float lanes as one AVX-512 register. Included inside a namespace and a target region.

// A tile: 6 rows x 4 blocks fill 24 of 32 registers with sums.
inline constexpr int kTileBlocks = 4, kInt8TileRows = 6;

struct Mask {
    __m512i v;
};

struct Lanes {
    __m512 v;
};

inline Lanes load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void store(float* p, Lanes x) { _mm512_storeu_ps(p, x.v); }
inline Mask load(const std::int32_t* p) { return {_mm512_loadu_si512(p)}; }
inline void store(std::int32_t* p, Mask x) { _mm512_storeu_si512(p, x.v); }
inline Lanes all(float x) { return {_mm512_set1_ps(x)}; }
inline Lanes operator+(Lanes x, Lanes y) { return {_mm512_add_ps(x.v, y.v)}; }
inline Lanes operator-(Lanes x, Lanes y) { return {_mm512_sub_ps(x.v, y.v)}; }
inline Lanes operator*(Lanes x, Lanes y) { return {_mm512_mul_ps(x.v, y.v)}; }
inline Lanes operator/(Lanes x, Lanes y) { return {_mm512_div_ps(x.v, y.v)}; }
inline Lanes fma(Lanes x, Lanes y, Lanes z) { return {_mm512_fmadd_ps(x.v, y.v, z.v)}; }
inline Lanes root(Lanes x) { return {_mm512_sqrt_ps(x.v)}; }
inline Lanes larger(Lanes x, Lanes y) { return {_mm512_max_ps(x.v, y.v)}; }
inline Lanes smaller(Lanes x, Lanes y) { return {_mm512_min_ps(x.v, y.v)}; }

// All ones where a bit of k is set.
inline Mask mask_of(__mmask16 k) { return {_mm512_maskz_set1_epi32(k, -1)}; }
inline Mask operator<(Lanes x, Lanes y) {
    return mask_of(_mm512_cmp_ps_mask(x.v, y.v, _CMP_LT_OQ));
}
inline Mask operator==(Lanes x, Lanes y) {
    return mask_of(_mm512_cmp_ps_mask(x.v, y.v, _CMP_EQ_OQ));
}
inline Mask operator&(Mask x, Mask y) { return {_mm512_and_si512(x.v, y.v)}; }
inline Mask operator|(Mask x, Mask y) { return {_mm512_or_si512(x.v, y.v)}; }
inline Mask operator^(Mask x, Mask y) { return {_mm512_xor_si512(x.v, y.v)}; }
// The lower 32 bits of each product without signs, and the upper ones.
inline Mask times(Mask x, std::uint32_t factor, Mask& upper) {
    const __m512i by = _mm512_set1_epi32(static_cast<std::int32_t>(factor));
    const __m512i even = _mm512_mul_epu32(x.v, by);
    const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(x.v, 32), by);
    upper.v = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
    return {_mm512_mask_blend_epi32(0xAAAA, even, _mm512_slli_epi64(odd, 32))};
}
// Lanes whose index, counted from `first`, is below `id`.
inline Mask index_below(std::int32_t first, std::int32_t id) {
    const __m512i index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return mask_of(_mm512_cmplt_epi32_mask(index, _mm512_set1_epi32(id - first)));
}
inline Lanes select(Mask m, Lanes x, Lanes y) {
    return {_mm512_mask_blend_ps(_mm512_test_epi32_mask(m.v, m.v), y.v, x.v)};
}

inline Mask bits(Lanes x) { return {_mm512_castps_si512(x.v)}; }
inline Lanes floats(Mask x) { return {_mm512_castsi512_ps(x.v)}; }
inline Mask all_bits(std::int32_t x) { return {_mm512_set1_epi32(x)}; }
inline Mask plus(Mask x, Mask y) { return {_mm512_add_epi32(x.v, y.v)}; }
template <int n> inline Mask shift_left(Mask x) { return {_mm512_slli_epi32(x.v, n)}; }
template <int n> inline Mask shift_right(Mask x) { return {_mm512_srai_epi32(x.v, n)}; }
inline Lanes to_floats(Mask x) { return {_mm512_cvtepi32_ps(x.v)}; }

// The fixed tree: lane i with lane i + 8, then + 4, + 2, + 1.
inline __m256 upper_half(__m512 x) {
    return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1));
}
inline float tree_sum(Lanes x) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(x.v), upper_half(x.v));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float tree_max(Lanes x) {
    const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(x.v), upper_half(x.v));
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// Four int8 of a row, in every lane. The instruction takes one operand without sign: 128 is added
// to each (by its top bit), and the sums begin at `offset`, which takes that out again.
struct Dot {
    __m512i x;
};
inline Dot dot_operand(const std::int8_t* x) {
    std::uint32_t four;
    std::memcpy(&four, x, 4);
    return {_mm512_set1_epi32(static_cast<std::int32_t>(four ^ 0x80808080u))};
}
inline Mask load_int8(const std::int8_t* p) { return {_mm512_loadu_si512(p)}; }
inline Mask first_sum(const std::int32_t* offset) { return load(offset); }
inline Mask add_dot(Mask sum, Dot x, Mask w) {
    // As an instruction: around the intrinsic gcc 12 moves loads ahead until sums lose their
    // registers.
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.v) : "v"(x.x), "v"(w.v));
    return sum;
}
