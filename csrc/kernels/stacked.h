// Stacked weights, and the columns of a product that their rows become: blocks of 16 units,
// interleaved by gate.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/aligned.h"
#include "kernels/pack.h"

namespace charlm {

// Where row `unit` of gate `g` (of `gates` in this product) goes among the output columns.
inline std::size_t column_of(std::size_t unit, std::size_t g, std::size_t gates) {
    return 16 * ((unit / 16) * gates + g) + unit % 16;
}

// A stacked weight [G * units, size], of which a product takes some gates.
struct Stacked {
    const float* data;
    std::size_t size;
};

// Which gates: [first_gate, first_gate + gates), of how many units.
struct Gates {
    std::size_t units, first_gate, gates;

    std::size_t blocks() const { return padded(units) / 16 * gates; }
    const float* row(const Stacked& weight, std::size_t g, std::size_t unit) const {
        return weight.data + ((first_gate + g) * units + unit) * weight.size;
    }
    // For every output of the product: (gate, unit, column).
    template <class F>
    void each(F f) const {
        for (std::size_t g = 0; g < gates; ++g)
            for (std::size_t unit = 0; unit < units; ++unit) f(g, unit, column_of(unit, g, gates));
    }
    // For every output whose column is in [from, to): (row of the stacked weight, column).
    template <class F>
    void each_column(std::size_t from, std::size_t to, F f) const {
        for (std::size_t column = from; column < to; ++column) {
            const std::size_t g = column / 16 % gates,
                              unit = column / 16 / gates * 16 + column % 16;
            if (unit < units) f((first_gate + g) * units + unit, column);
        }
    }
};

// The operands, one behind another along k: what a product multiplies with. Columns behind the last
// unit may hold anything finite.
inline void pack(const Gates& gates, const std::vector<Stacked>& operands, std::size_t group,
                 Aligned<float>& packed) {
    std::size_t k_size = 0, k_first = 0;
    for (const Stacked& operand : operands) k_size += operand.size;
    packed.grow(packed_size(gates.blocks(), k_size, group));
    for (const Stacked& operand : operands) {
        for (std::size_t block = 0; block < gates.blocks(); ++block) {
            const std::size_t g = block % gates.gates, unit = 16 * (block / gates.gates);
            const std::size_t units = std::min<std::size_t>(16, gates.units - unit);
            const float* row = gates.row(operand, g, unit);
            for (std::size_t k = 0; k < operand.size; ++k) {
                float* out = packed.data() +
                             packed_place(k_first + k, 16 * block, gates.blocks(), k_size, group);
                for (std::size_t u = 0; u < units; ++u) out[u] = row[u * operand.size + k];
            }
        }
        k_first += operand.size;
    }
}

// The way back: row k is the product's column k, columns are the operand's.
inline void pack_back(const Gates& gates, const Stacked& operand, std::size_t group,
                      Aligned<float>& packed) {
    const std::size_t k_size = gates.blocks() * 16, blocks = padded(operand.size) / 16;
    packed.grow(packed_size(blocks, k_size, group));
    gates.each([&](std::size_t g, std::size_t unit, std::size_t k) {
        const float* row = gates.row(operand, g, unit);
        for (std::size_t j = 0; j < operand.size; j += 16)
            std::copy_n(row + j, std::min<std::size_t>(16, operand.size - j),
                        packed.data() + packed_place(k, j, blocks, k_size, group));
    });
}

// A value per output, put where its column is.
inline Aligned<float> spread(const Gates& gates, const float* values) {
    Aligned<float> out(gates.blocks() * 16);
    gates.each([&](std::size_t g, std::size_t unit, std::size_t column) {
        out[column] = *gates.row({values, 1}, g, unit);
    });
    return out;
}

}  // namespace charlm
