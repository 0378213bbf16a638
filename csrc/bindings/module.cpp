// The Python module charlm._engine: a list of registrations. Its typed contract is _engine.pyi.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>

#include "base/names.h"
#include "base/philox.h"
#include "bindings/bindings.h"
#include "bindings/made.h"
#include "bindings/released.h"
#include "session/beams.h"
#include "session/sampling.h"
#include "session/scoring.h"

namespace py = pybind11;
using namespace charlm;

PYBIND11_MODULE(_engine, m) {
    m.doc() = "The native decoding engine of charlm: see charlm.engine.engine for its use.";
    m.attr("SOURCE_HASH") = CHARLM_SOURCE_HASH;
    // Of this module alone: charlm._training has one of the same C++ class.
    py::register_local_exception<ValueError>(m, "EngineError", PyExc_ValueError);

    py::class_<Model, std::shared_ptr<Model>>(m, "Model")
        .def(py::init(&make_model), py::kw_only(), py::arg("cell"), py::arg("vocabulary_size"),
             py::arg("embedding_size"), py::arg("hidden_size"), py::arg("layers"), py::arg("bias"),
             py::arg("precision"), py::arg("tensors"))
        .def_property_readonly("isa", [](const Model& model) { return model.kernels().name; })
        .def_property_readonly("precision",
                               [](const Model& model) { return name_of(model.config().precision); })
        .def("logits", &logits_of, py::arg("ids"));

    py::class_<SamplingSession>(m, "SamplingSession")
        .def(py::init(&make_session<SamplingSession>), py::kw_only(), py::arg("model").none(false),
             py::arg("prompts"), py::arg("starts"), py::arg("dice"), py::arg("options"),
             py::arg("threads"))
        .def_property_readonly("rows", &SamplingSession::rows)
        .def("prompt_state", &prompt_state_of<SamplingSession>, py::arg("prompt"))
        .def("prompt_progress", &SamplingSession::progress, py::call_guard<Released>())
        .def("done", &SamplingSession::done, py::call_guard<Released>())
        .def("advance", &advance_sampling, py::arg("n"), py::arg("budget_ms"));

    py::class_<BeamSession>(m, "BeamSession")
        .def(py::init(&make_session<BeamSession>), py::kw_only(), py::arg("model").none(false),
             py::arg("prompts"), py::arg("starts"), py::arg("dice"), py::arg("options"),
             py::arg("threads"))
        .def_property_readonly("prompts", &BeamSession::prompts)
        .def_property_readonly("width", &BeamSession::width)
        .def("prompt_state", &prompt_state_of<BeamSession>, py::arg("prompt"))
        .def("prompt_progress", &BeamSession::progress, py::call_guard<Released>())
        .def("done", &BeamSession::done, py::call_guard<Released>())
        .def("advance", &advance_beams, py::arg("n"), py::arg("budget_ms"))
        .def("best", &best_of_beam, py::arg("prompt"));

    py::class_<ScoringSession>(m, "ScoringSession")
        .def(py::init(&make_scoring), py::kw_only(), py::arg("model").none(false),
             py::arg("inputs"), py::arg("targets"), py::arg("rivals"), py::arg("threads"))
        .def("done", &ScoringSession::done, py::call_guard<Released>())
        .def("advance", &ScoringSession::advance, py::arg("n"), py::arg("budget_ms"),
             py::call_guard<Released>())
        .def("progress", &ScoringSession::progress, py::call_guard<Released>())
        .def("log_probs", &log_probs_of)
        .def("details", &details_of);

    m.def("instruction_sets", [] {
        std::vector<std::string> names;
        for (const Kernels* kernels : runnable_kernels()) names.emplace_back(kernels->name);
        return names;
    });
    m.def("philox4x32", &philox4x32, py::arg("counter"), py::arg("key"));
    m.def("map_function", &map_function, py::arg("name"), py::arg("x"));
}
