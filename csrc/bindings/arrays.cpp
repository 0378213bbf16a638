#include "bindings/arrays.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/rounding.h"

namespace charlm {
namespace {

template <class T>
void check_array(const py::array& array, const char* dtype, py::ssize_t dimensions,
                 const std::string& name) {
    if (!py::isinstance<py::array_t<T>>(array) || array.ndim() != dimensions ||
        (array.flags() & py::array::c_style) == 0)
        throw py::type_error(name + " must be a C-contiguous " + dtype + " array with " +
                             std::to_string(dimensions) + " dimensions, not " +
                             py::cast<std::string>(py::str(array.dtype())) + " with " +
                             std::to_string(array.ndim()));
}

template <class T>
py::array_t<T> to_array(const std::vector<T>& values, std::vector<py::ssize_t> shape) {
    py::array_t<T> array(std::move(shape));
    if (!values.empty()) std::memcpy(array.mutable_data(), values.data(), values.size() * sizeof(T));
    return array;
}

py::array_t<bool> to_flags(const std::vector<std::uint8_t>& values) {
    py::array_t<bool> array(static_cast<py::ssize_t>(values.size()));
    std::copy(values.begin(), values.end(), array.mutable_data());
    return array;
}

Cell cell_named(const std::string& name) {
    if (name == "rnn") return Cell::rnn;
    if (name == "gru") return Cell::gru;
    check(name == "lstm", "cell '" + name + "' is not rnn, gru or lstm");
    return Cell::lstm;
}

}  // namespace

std::shared_ptr<Model> make_model(const std::string& cell, std::size_t vocabulary_size,
                                  std::size_t embedding_size, std::size_t hidden_size,
                                  std::size_t layers, bool bias, const py::dict& tensors) {
    check(vocabulary_size >= 3 && vocabulary_size <= 65538, "vocabulary_size out of range");
    check(embedding_size >= 1 && embedding_size <= 16384, "embedding_size out of range");
    check(hidden_size >= 1 && hidden_size <= 16384, "hidden_size out of range");
    check(layers >= 1 && layers <= 64, "layers out of range");
    Tensors views;
    for (const auto& [key, value] : tensors) {
        const auto name = py::cast<std::string>(key);
        if (!py::isinstance<py::array>(value))
            throw py::type_error("tensor '" + name + "' is not an array");
        const auto array = py::reinterpret_borrow<py::array>(value);
        check_array<float>(array, "float32", array.ndim(), "tensor '" + name + "'");
        views[name] = {static_cast<const float*>(array.data()),
                       {array.shape(), array.shape() + array.ndim()}};
    }
    const ModelConfig config{cell_named(cell), vocabulary_size, embedding_size,
                             hidden_size,      layers,          bias};
    const StandardRounding rounding;
    const py::gil_scoped_release release;
    return std::make_shared<Model>(config, views);
}

std::unique_ptr<SamplingSession> make_sampling(std::shared_ptr<const Model> model,
                                               const std::vector<Ids>& prompts,
                                               std::size_t samples, float temperature,
                                               std::int32_t top_k, float top_p, float min_p,
                                               std::uint64_t seed, std::int64_t max_length,
                                               const std::vector<std::int32_t>& banned,
                                               std::size_t threads) {
    const SamplingOptions options{
        {temperature, top_k, top_p, min_p}, seed, samples, max_length, banned};
    return std::make_unique<SamplingSession>(std::move(model), prompts, options, threads);
}

std::unique_ptr<BeamSession> make_beams(std::shared_ptr<const Model> model,
                                        const std::vector<Ids>& prompts, std::size_t width,
                                        double length_penalty, bool nucleus, float top_p,
                                        std::uint64_t seed, std::int64_t max_length,
                                        const std::vector<std::int32_t>& banned,
                                        std::size_t threads) {
    const BeamOptions options{width, length_penalty, nucleus, top_p, seed, max_length};
    return std::make_unique<BeamSession>(std::move(model), prompts, options, banned, threads);
}

py::tuple advance_sampling(SamplingSession& session, std::size_t n, double budget_ms) {
    SampleEvents events;
    {
        const py::gil_scoped_release release;
        events = session.advance(n, budget_ms);
    }
    const auto positions = static_cast<py::ssize_t>(events.positions);
    const auto rows = static_cast<py::ssize_t>(session.rows());
    return py::make_tuple(to_array(events.ids, {positions, rows}),
                          to_array(events.log_probs, {positions, rows}),
                          to_flags(events.finished));
}

py::tuple advance_beams(BeamSession& session, std::size_t n, double budget_ms) {
    BeamEvents events;
    {
        const py::gil_scoped_release release;
        events = session.advance(n, budget_ms);
    }
    const std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(events.positions),
                                         static_cast<py::ssize_t>(session.prompts()),
                                         static_cast<py::ssize_t>(session.width())};
    return py::make_tuple(to_array(events.parents, shape), to_array(events.ids, shape),
                          to_array(events.scores, shape), to_flags(events.finished));
}

py::list best_of_beam(const BeamSession& session, std::size_t prompt) {
    std::vector<BeamSession::Best> best;
    {
        const py::gil_scoped_release release;
        best = session.best(prompt);
    }
    py::list result;
    for (const BeamSession::Best& one : best)
        result.append(py::make_tuple(one.ids, one.log_prob, one.score, one.length, one.finished));
    return result;
}

py::list log_probs_of(const ScoringSession& session) {
    py::list result;
    for (const ScoredText& text : session.texts())
        result.append(to_array(text.log_probs, {static_cast<py::ssize_t>(text.log_probs.size())}));
    return result;
}

py::array_t<float> logits_of(const Model& model, const py::array& ids) {
    check_array<std::int32_t>(ids, "int32", 2, "ids");
    const py::ssize_t N = ids.shape(0), T = ids.shape(1);
    const auto V = static_cast<py::ssize_t>(model.config().vocabulary_size);
    const auto* data = static_cast<const std::int32_t*>(ids.data());
    check_ids(model, Ids(data, data + N * T));
    py::array_t<float> result(std::vector<py::ssize_t>{N, T, V});
    const StandardRounding rounding;
    const std::size_t rows = static_cast<std::size_t>(N);
    Aligned<float> states(rows * model.state_size()), logits(rows * model.logits_size());
    Workspace work;
    StepRows step;
    for (py::ssize_t t = 0; t < T; ++t) {
        step.clear();
        for (std::size_t n = 0; n < rows; ++n) {
            float* state = states.data() + n * model.state_size();
            step.add(data[static_cast<py::ssize_t>(n) * T + t], state, state,
                     logits.data() + n * model.logits_size());
        }
        model.step(step, work);
        for (py::ssize_t n = 0; n < N; ++n)
            std::copy_n(step.logits[static_cast<std::size_t>(n)], V, result.mutable_data(n, t, 0));
    }
    return result;
}

py::array_t<float> map_function(const std::string& name, const py::array& x) {
    check_array<float>(x, "float32", 1, "x");
    check(name == "exp" || name == "log" || name == "tanh" || name == "sigmoid",
          "function '" + name + "' is not exp, log, tanh or sigmoid");
    const auto n = static_cast<std::size_t>(x.shape(0));
    Aligned<float> in(padded(n)), out(padded(n));
    std::fill_n(in.data(), in.size(), 1.0f);
    std::copy_n(static_cast<const float*>(x.data()), n, in.data());
    const StandardRounding rounding;
    select_kernels().map(name[0], in.data(), out.data(), in.size());
    return to_array(std::vector<float>(out.data(), out.data() + n), {x.shape(0)});
}

}  // namespace charlm
