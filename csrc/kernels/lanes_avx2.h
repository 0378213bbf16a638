// 16 float lanes as two AVX2 registers. Included inside a namespace and a target region.

// A tile: 6 rows x 1 block fill 12 of 16 registers with sums; int8 needs more beside them.
inline constexpr int kTileBlocks = 1, kInt8TileRows = 3;

struct Mask {
    __m256i a, b;
};

struct Lanes {
    __m256 a, b;
};

inline Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, Lanes x) {
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}
inline Mask load(const std::int32_t* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 8))};
}
inline void store(std::int32_t* p, Mask x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x.a);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), x.b);
}
inline Lanes all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline Lanes operator+(Lanes x, Lanes y) {
    return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)};
}
inline Lanes operator-(Lanes x, Lanes y) {
    return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)};
}
inline Lanes operator*(Lanes x, Lanes y) {
    return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)};
}
inline Lanes operator/(Lanes x, Lanes y) {
    return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)};
}
inline Lanes fma(Lanes x, Lanes y, Lanes z) {
    return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}
inline Lanes root(Lanes x) { return {_mm256_sqrt_ps(x.a), _mm256_sqrt_ps(x.b)}; }
inline Lanes larger(Lanes x, Lanes y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
inline Lanes smaller(Lanes x, Lanes y) {
    return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)};
}
inline Mask operator<(Lanes x, Lanes y) {
    return {_mm256_castps_si256(_mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ)),
            _mm256_castps_si256(_mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ))};
}
inline Mask operator==(Lanes x, Lanes y) {
    return {_mm256_castps_si256(_mm256_cmp_ps(x.a, y.a, _CMP_EQ_OQ)),
            _mm256_castps_si256(_mm256_cmp_ps(x.b, y.b, _CMP_EQ_OQ))};
}
inline Mask operator&(Mask x, Mask y) {
    return {_mm256_and_si256(x.a, y.a), _mm256_and_si256(x.b, y.b)};
}
inline Mask operator|(Mask x, Mask y) {
    return {_mm256_or_si256(x.a, y.a), _mm256_or_si256(x.b, y.b)};
}
inline Mask operator^(Mask x, Mask y) {
    return {_mm256_xor_si256(x.a, y.a), _mm256_xor_si256(x.b, y.b)};
}
// The lower 32 bits of each product without signs, and the upper ones.
inline __m256i times(__m256i x, __m256i by, __m256i& upper) {
    const __m256i even = _mm256_mul_epu32(x, by);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(x, 32), by);
    upper = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
    return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xAA);
}
inline Mask times(Mask x, std::uint32_t factor, Mask& upper) {
    const __m256i by = _mm256_set1_epi32(static_cast<std::int32_t>(factor));
    return {times(x.a, by, upper.a), times(x.b, by, upper.b)};
}
// Lanes whose index, counted from `first`, is below `id`.
inline Mask index_below(std::int32_t first, std::int32_t id) {
    const __m256i limit = _mm256_set1_epi32(id - first);
    return {_mm256_cmpgt_epi32(limit, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
            _mm256_cmpgt_epi32(limit, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))};
}
inline Lanes select(Mask m, Lanes x, Lanes y) {
    return {_mm256_blendv_ps(y.a, x.a, _mm256_castsi256_ps(m.a)),
            _mm256_blendv_ps(y.b, x.b, _mm256_castsi256_ps(m.b))};
}

inline Mask bits(Lanes x) { return {_mm256_castps_si256(x.a), _mm256_castps_si256(x.b)}; }
inline Lanes floats(Mask x) { return {_mm256_castsi256_ps(x.a), _mm256_castsi256_ps(x.b)}; }
inline Mask all_bits(std::int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
inline Mask plus(Mask x, Mask y) {
    return {_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)};
}
template <int n> inline Mask shift_left(Mask x) {
    return {_mm256_slli_epi32(x.a, n), _mm256_slli_epi32(x.b, n)};
}
template <int n> inline Mask shift_right(Mask x) {
    return {_mm256_srai_epi32(x.a, n), _mm256_srai_epi32(x.b, n)};
}
inline Lanes to_floats(Mask x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }

// The fixed tree: lane i with lane i + 8, then + 4, + 2, + 1.
inline float tree_sum(Lanes x) {
    const __m256 eight = _mm256_add_ps(x.a, x.b);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline float tree_max(Lanes x) {
    const __m256 eight = _mm256_max_ps(x.a, x.b);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

// Four int8 of a row, in every lane, with their signs taken off: maddubs takes one operand without
// sign. Two products of at most 127 * 127 do not saturate its 16 bits.
struct Dot {
    __m256i x, size;
};
inline Dot dot_operand(const std::int8_t* x) {
    std::int32_t four;
    std::memcpy(&four, x, 4);
    const __m256i all_four = _mm256_set1_epi32(four);
    return {all_four, _mm256_abs_epi8(all_four)};
}
inline Mask load_int8(const std::int8_t* p) {
    return load(reinterpret_cast<const std::int32_t*>(p));
}
inline Mask first_sum(const std::int32_t*) { return all_bits(0); }
inline Mask add_dot(Mask sum, Dot x, Mask w) {
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i a = _mm256_maddubs_epi16(x.size, _mm256_sign_epi8(w.a, x.x));
    const __m256i b = _mm256_maddubs_epi16(x.size, _mm256_sign_epi8(w.b, x.x));
    return {_mm256_add_epi32(sum.a, _mm256_madd_epi16(a, ones)),
            _mm256_add_epi32(sum.b, _mm256_madd_epi16(b, ones))};
}
