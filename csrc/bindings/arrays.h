// Between NumPy arrays and the engine's values: arrays are checked here, once, at the door.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace charlm {

namespace py = pybind11;

template <class T>
void check_array(const py::array& array, const char* dtype, py::ssize_t dimensions,
                 const std::string& name) {
    const bool aligned = reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) == 0;
    if (!py::isinstance<py::array_t<T>>(array) || array.ndim() != dimensions || !aligned ||
        (array.flags() & py::array::c_style) == 0)
        throw py::type_error(name + " must be a C-contiguous, aligned " + dtype + " array with " +
                             std::to_string(dimensions) + " dimensions, not " +
                             py::cast<std::string>(py::str(array.dtype())) + " with " +
                             std::to_string(array.ndim()));
}

// A value inside a list, tuple or dict as T; a TypeError where it is none.
template <class T>
T to_value(const py::handle& value, const std::string& name) {
    try {
        return py::cast<T>(value);
    } catch (const py::cast_error&) {
        throw py::type_error(name + " is of a wrong type or out of range");
    }
}

// Ids as an int32 array, which is copied as a whole, or as any sequence of integers.
inline std::vector<std::int32_t> to_ids(const py::handle& value, const std::string& name) {
    if (!py::isinstance<py::array>(value)) return to_value<std::vector<std::int32_t>>(value, name);
    const auto array = py::reinterpret_borrow<py::array>(value);
    check_array<std::int32_t>(array, "int32", 1, name);
    const auto* data = static_cast<const std::int32_t*>(array.data());
    return {data, data + array.size()};
}

template <class T>
py::array_t<T> to_array(const std::vector<T>& values, std::vector<py::ssize_t> shape) {
    py::array_t<T> array(std::move(shape));
    if (!values.empty())
        std::memcpy(array.mutable_data(), values.data(), values.size() * sizeof(T));
    return array;
}

inline py::array_t<bool> to_flags(const std::vector<std::uint8_t>& values) {
    py::array_t<bool> array(static_cast<py::ssize_t>(values.size()));
    std::copy(values.begin(), values.end(), array.mutable_data());
    return array;
}

}  // namespace charlm
