// 16 float lanes in plain C++: the compiler may use what vectors it has, the bits are the same.
// Included inside a namespace, after the standard headers.

inline constexpr int kTileBlocks = 1, kInt8TileRows = 3;

struct Mask {
    std::int32_t v[16];
};

struct Lanes {
    float v[16];
};

// One line a function, as in a table.
// clang-format off
#define CHARLM_EACH_LANE for (int i = 0; i < 16; ++i)

inline Lanes load(const float* p) { Lanes r; CHARLM_EACH_LANE r.v[i] = p[i]; return r; }
inline void store(float* p, Lanes a) { CHARLM_EACH_LANE p[i] = a.v[i]; }
inline Mask load(const std::int32_t* p) { Mask r; CHARLM_EACH_LANE r.v[i] = p[i]; return r; }
inline void store(std::int32_t* p, Mask a) { CHARLM_EACH_LANE p[i] = a.v[i]; }
inline Lanes all(float x) { Lanes r; CHARLM_EACH_LANE r.v[i] = x; return r; }
inline Lanes operator+(Lanes a, Lanes b) { CHARLM_EACH_LANE a.v[i] += b.v[i]; return a; }
inline Lanes operator-(Lanes a, Lanes b) { CHARLM_EACH_LANE a.v[i] -= b.v[i]; return a; }
inline Lanes operator*(Lanes a, Lanes b) { CHARLM_EACH_LANE a.v[i] *= b.v[i]; return a; }
inline Lanes operator/(Lanes a, Lanes b) { CHARLM_EACH_LANE a.v[i] /= b.v[i]; return a; }
inline Lanes fma(Lanes a, Lanes b, Lanes c) {
    CHARLM_EACH_LANE c.v[i] = __builtin_fmaf(a.v[i], b.v[i], c.v[i]);
    return c;
}
inline Lanes root(Lanes a) { CHARLM_EACH_LANE a.v[i] = __builtin_sqrtf(a.v[i]); return a; }
inline Lanes larger(Lanes a, Lanes b) {
    CHARLM_EACH_LANE a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
    return a;
}
inline Lanes smaller(Lanes a, Lanes b) {
    CHARLM_EACH_LANE a.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i];
    return a;
}
inline Mask operator<(Lanes a, Lanes b) {
    Mask r; CHARLM_EACH_LANE r.v[i] = a.v[i] < b.v[i] ? -1 : 0; return r;
}
inline Mask operator==(Lanes a, Lanes b) {
    Mask r; CHARLM_EACH_LANE r.v[i] = a.v[i] == b.v[i] ? -1 : 0; return r;
}
inline Mask operator&(Mask a, Mask b) { CHARLM_EACH_LANE a.v[i] &= b.v[i]; return a; }
inline Mask operator|(Mask a, Mask b) { CHARLM_EACH_LANE a.v[i] |= b.v[i]; return a; }
inline Mask operator^(Mask a, Mask b) { CHARLM_EACH_LANE a.v[i] ^= b.v[i]; return a; }
// The lower 32 bits of each product without signs, and the upper ones.
inline Mask times(Mask a, std::uint32_t factor, Mask& upper) {
    CHARLM_EACH_LANE {
        const std::uint64_t product = std::uint64_t{factor} * static_cast<std::uint32_t>(a.v[i]);
        upper.v[i] = static_cast<std::int32_t>(product >> 32);
        a.v[i] = static_cast<std::int32_t>(product);
    }
    return a;
}
// Lanes whose index, counted from `first`, is below `id`.
inline Mask index_below(std::int32_t first, std::int32_t id) {
    Mask r; CHARLM_EACH_LANE r.v[i] = first + i < id ? -1 : 0; return r;
}
inline Lanes select(Mask m, Lanes a, Lanes b) {
    CHARLM_EACH_LANE a.v[i] = m.v[i] != 0 ? a.v[i] : b.v[i];
    return a;
}

inline Mask bits(Lanes a) { return std::bit_cast<Mask>(a); }
inline Lanes floats(Mask a) { return std::bit_cast<Lanes>(a); }
inline Mask all_bits(std::int32_t x) { Mask r; CHARLM_EACH_LANE r.v[i] = x; return r; }
inline Mask plus(Mask a, Mask b) {
    CHARLM_EACH_LANE a.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) +
                                                        static_cast<std::uint32_t>(b.v[i]));
    return a;
}
template <int n> inline Mask shift_left(Mask a) {
    CHARLM_EACH_LANE a.v[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[i]) << n);
    return a;
}
template <int n> inline Mask shift_right(Mask a) { CHARLM_EACH_LANE a.v[i] >>= n; return a; }
inline Lanes to_floats(Mask a) {
    Lanes r; CHARLM_EACH_LANE r.v[i] = static_cast<float>(a.v[i]); return r;
}

// clang-format on

// The fixed tree: lane i with lane i + 8, then + 4, + 2, + 1.
inline float tree_sum(Lanes a) {
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) a.v[i] += a.v[i + half];
    return a.v[0];
}
inline float tree_max(Lanes a) {
    for (int half = 8; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) a.v[i] = a.v[i] > a.v[i + half] ? a.v[i] : a.v[i + half];
    return a.v[0];
}

struct Dot {
    std::int8_t x[4];
};
inline Dot dot_operand(const std::int8_t* x) { return {{x[0], x[1], x[2], x[3]}}; }
inline Mask load_int8(const std::int8_t* p) {
    Mask r;
    std::memcpy(r.v, p, 64);
    return r;
}
inline Mask first_sum(const std::int32_t*) { return all_bits(0); }
inline Mask add_dot(Mask sum, Dot x, Mask w) {
    std::int8_t weights[64];
    std::memcpy(weights, w.v, 64);
    CHARLM_EACH_LANE for (int k = 0; k < 4; ++k) sum.v[i] += x.x[k] * weights[4 * i + k];
    return sum;
}

#undef CHARLM_EACH_LANE
