// Refuses objects whose __init__ has not run (Model.__new__(Model)): without a value behind
// them, pybind11 would hand raw memory to the call.
#pragma once

#include <pybind11/pybind11.h>

namespace charlm {

template <class T>
struct MadeCaster : pybind11::detail::type_caster_base<T> {
    bool load(pybind11::handle source, bool convert) {
        if (!pybind11::isinstance<T>(source)) return false;
        auto* instance = reinterpret_cast<pybind11::detail::instance*>(source.ptr());
        return instance->get_value_and_holder().holder_constructed() &&
               pybind11::detail::type_caster_base<T>::load(source, convert);
    }
};

}  // namespace charlm
