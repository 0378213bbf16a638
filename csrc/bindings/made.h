// Refuses objects whose __init__ has not run (Model.__new__(Model)): without a value behind
// them, pybind11 would hand raw memory to the call. To be seen wherever classes are registered.
#pragma once

#include <pybind11/pybind11.h>

#include "model/model.h"
#include "session/beams.h"
#include "session/sampling.h"
#include "session/scoring.h"

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

namespace pybind11::detail {

template <>
struct type_caster<charlm::Model> : charlm::MadeCaster<charlm::Model> {};
template <>
struct type_caster<charlm::SamplingSession> : charlm::MadeCaster<charlm::SamplingSession> {};
template <>
struct type_caster<charlm::BeamSession> : charlm::MadeCaster<charlm::BeamSession> {};
template <>
struct type_caster<charlm::ScoringSession> : charlm::MadeCaster<charlm::ScoringSession> {};

}  // namespace pybind11::detail
