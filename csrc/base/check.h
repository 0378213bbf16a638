// Errors of the engine: one type for bad values, thrown at the door and turned into ValueError.
#pragma once

#include <stdexcept>
#include <string>

namespace charlm {

struct ValueError : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

inline void check(bool holds, const std::string& message) {
    if (!holds) throw ValueError(message);
}

}  // namespace charlm
