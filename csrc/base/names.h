// Enumerations by name: beside one stands names_of(E), the names in the order of its values.
#pragma once

#include <cstddef>
#include <string>

#include "base/check.h"

namespace charlm {

// "a, b or c", of at least one name.
template <class Names>
std::string either_of(const Names& names) {
    std::string text = names[0];
    for (std::size_t i = 1; i < names.size(); ++i)
        text += (i + 1 == names.size() ? " or " : ", ") + std::string(names[i]);
    return text;
}

// The value with that name. Raises ValueError, which says what it was to be.
template <class E>
E value_named(const std::string& name, const std::string& what) {
    const auto names = names_of(E{});
    for (std::size_t i = 0; i < names.size(); ++i)
        if (name == names[i]) return static_cast<E>(i);
    throw ValueError(what + " '" + name + "' is not " + either_of(names));
}

template <class E>
const char* name_of(E value) {
    return names_of(value)[static_cast<std::size_t>(value)];
}

}  // namespace charlm
