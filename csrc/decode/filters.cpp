#include "decode/filters.h"

#include <cmath>
#include <iterator>

#include "base/check.h"

namespace charlm {
namespace {

// One filter: checks the range of its field, and keeps what it lets through.
struct Filter {
    void (*check)(const Filters& filters);
    void (*keep)(const Filters& filters, Survivors& left);
};

// The sum of term(id) over the ids that are left: on 16 lanes and a fixed tree, so that its bits
// are those of every build.
template <class Term>
float sum_of(const Survivors& left, Term term) {
    float lanes[16] = {};
    for (std::size_t j = 0; j < left.size(); ++j)
        if (left.holds(static_cast<std::int32_t>(j))) lanes[j % 16] += term(j);
    for (std::size_t half = 8; half > 0; half /= 2)
        for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
    return lanes[0];
}

// l >= max - n * sigma, sigma the standard deviation of the logits (Tang et al., "Top-n-sigma: not
// all logits are you need", 2024).
constexpr Filter kTopNSigma = {
    [](const Filters& f) {
        check(f.top_n_sigma >= 0 && f.top_n_sigma <= 100, "top_n_sigma must be from 0 to 100");
    },
    [](const Filters& f, Survivors& left) {
        if (f.top_n_sigma == 0) return;
        left.weigh();
        const float* logits = left.scaled();
        const float largest = left.max();
        const float count = sum_of(left, [](std::size_t) { return 1.0f; });
        const float sum = sum_of(left, [=](std::size_t j) { return logits[j] - largest; });
        const float mean = sum / count;
        const float squares = sum_of(left, [=](std::size_t j) {
            const float off = (logits[j] - largest) - mean;
            return off * off;
        });
        const float edge = -f.top_n_sigma * std::sqrt(squares / count);
        left.keep_if([=](std::int32_t id) { return logits[id] - largest >= edge; });
    },
};

constexpr Filter kTemperature = {
    [](const Filters& f) {
        const float T = f.temperature;
        check(T == 0 || (T >= 0.01f && T <= 100), "temperature must be 0 or from 0.01 to 100");
    },
    [](const Filters& f, Survivors& left) { left.scale(f.temperature); },
};

constexpr Filter kTopK = {
    [](const Filters& f) { check(f.top_k >= 0, "top_k must be 0 or more"); },
    [](const Filters& f, Survivors& left) {
        if (f.top_k > 0) left.keep_first(static_cast<std::size_t>(f.top_k));
    },
};

// Holtzman et al., "The curious case of neural text degeneration", 2019.
constexpr Filter kTopP = {
    [](const Filters& f) { check_top_p(f.top_p); },
    [](const Filters& f, Survivors& left) {
        if (f.top_p < 1) left.keep_share(left.scaled(), f.top_p);
    },
};

constexpr Filter kMinP = {
    [](const Filters& f) {
        check(f.min_p >= 0 && f.min_p < 1, "min_p must be from 0 to 1, 1 excluded");
    },
    [](const Filters& f, Survivors& left) {
        if (f.min_p > 0) left.keep_likely(f.min_p);
    },
};

// Locally typical: |-log p - entropy| orders the ids (Meister et al., "Locally typical
// sampling", 2022). The normaliser cancels, which leaves the distance from the mean logit.
constexpr Filter kTypicalP = {
    [](const Filters& f) {
        check(f.typical_p > 0 && f.typical_p <= 1, "typical_p must be above 0 and at most 1");
    },
    [](const Filters& f, Survivors& left) {
        if (f.typical_p == 1) return;
        left.weigh();
        const Kernels& kernels = left.kernels();
        const float sum = kernels.weighted_sum(left.scaled(), left.mass(), left.max(), left.size());
        kernels.nearness(left.scaled(), left.max(), sum / left.total(), left.own_order(),
                         left.size());
        left.keep_share(left.own_order(), f.typical_p);
    },
};

constexpr Filter kFilters[] = {kTopNSigma, kTemperature, kTopK, kTopP, kMinP, kTypicalP};

constexpr std::size_t count_fields() {
    std::size_t count = 0;
    Filters filters;
    fields(filters, [&count](const char*, auto&) { ++count; });
    return count;
}
static_assert(std::size(kFilters) == count_fields(), "a field has no part, or a part no field");

}  // namespace

void check_filters(const Filters& filters) {
    for (const Filter& filter : kFilters) filter.check(filters);
}

void check_top_p(float top_p) {
    check(top_p > 0 && top_p <= 1, "top_p must be above 0 and at most 1");
}

void filter(const Filters& filters, Survivors& left) {
    for (const Filter& filter : kFilters) filter.keep(filters, left);
}

}  // namespace charlm
