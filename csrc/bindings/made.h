// The classes of charlm._engine, refused where they were not made. To be seen wherever they are
// registered.
#pragma once

#include "bindings/made_caster.h"
#include "model/model.h"
#include "session/beams.h"
#include "session/sampling.h"
#include "session/scoring.h"

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
