// Options by name: a struct of options, filled from a Python mapping.
//
// Beside the struct stands fields(options, visit), which calls visit(name, value) for each. A name
// more or less than these, or a value of a wrong type, is a TypeError that says which.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/names.h"
#include "bindings/arrays.h"

namespace charlm {

// A count, none for -1. Raises ValueError below that.
inline std::optional<std::size_t> to_optional(std::int64_t count, const std::string& name) {
    check(count >= -1, name + " must be -1 or more");
    if (count == -1) return std::nullopt;
    return static_cast<std::size_t>(count);
}

template <class T>
T to_option(const py::handle& value, const std::string& name) {
    const std::string what = "option '" + name + "'";
    if constexpr (std::is_enum_v<T>)
        return value_named<T>(to_value<std::string>(value, what), name);
    else if constexpr (std::is_same_v<T, std::optional<std::size_t>>)
        return to_optional(to_value<std::int64_t>(value, what), name);
    else
        return to_value<T>(value, what);
}

template <class Options>
Options read_options(const py::object& given) {
    if (!py::hasattr(given, "keys")) throw py::type_error("options are not a mapping");
    const py::dict named(given);
    std::vector<const char*> known;
    Options options;
    fields(options, [&]<class T>(const char* name, T& value) {
        if (!named.contains(name))
            throw py::type_error(std::string("option '") + name + "' is missing");
        value = to_option<T>(py::object(named[name]), name);
        known.push_back(name);
    });
    const auto is_known = [&known](const py::handle& key) {
        return std::any_of(known.begin(), known.end(),
                           [&key](const char* name) { return key.equal(py::str(name)); });
    };
    if (named.size() != known.size())
        for (const auto& [key, value] : named)
            if (!is_known(key))
                throw py::type_error("option " + std::string(py::repr(key)) + " is unknown");
    return options;
}

}  // namespace charlm
