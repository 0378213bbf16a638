// The filters of sampling: which ids of a row may be drawn. They act in the order of the fields,
// each on what the one before left, renormalised, and at least one id is left.
//
// A filter is a field here, with its name, and a part in filters.cpp.
#pragma once

#include <cstdint>

#include "decode/survivors.h"

namespace charlm {

struct Filters {
    float top_n_sigma = 0;   // 0: off, to 100
    float temperature = 1;   // 0, or 0.01 to 100
    std::int32_t top_k = 0;  // 0: off
    float top_p = 1;         // (0, 1]
    float min_p = 0;         // [0, 1)
    float typical_p = 1;     // (0, 1]
};

template <class Visit>
constexpr void fields(Filters& filters, Visit visit) {
    visit("top_n_sigma", filters.top_n_sigma);
    visit("temperature", filters.temperature);
    visit("top_k", filters.top_k);
    visit("top_p", filters.top_p);
    visit("min_p", filters.min_p);
    visit("typical_p", filters.typical_p);
}

// Raises ValueError for one out of its range.
void check_filters(const Filters& filters);
void check_top_p(float top_p);

// Lets the filters act on a row that has begun; the temperature is not 0.
void filter(const Filters& filters, Survivors& left);

}  // namespace charlm
