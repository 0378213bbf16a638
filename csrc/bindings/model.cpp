#include <pybind11/stl.h>

#include "base/check.h"
#include "base/names.h"
#include "base/rounding.h"
#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "bindings/released.h"

namespace charlm {
std::shared_ptr<Model> make_model(const std::string& cell, std::size_t vocabulary_size,
                                  std::size_t embedding_size, std::size_t hidden_size,
                                  std::size_t layers, bool bias, const std::string& precision,
                                  const py::dict& tensors) {
    check(vocabulary_size >= 3 && vocabulary_size <= 65538, "vocabulary_size out of range");
    check(embedding_size >= 1 && embedding_size <= 16384, "embedding_size out of range");
    check(hidden_size >= 1 && hidden_size <= 16384, "hidden_size out of range");
    check(layers >= 1 && layers <= 64, "layers out of range");
    Tensors views;
    std::vector<py::array> arrays;  // keeps what is viewed, whatever becomes of the dict
    for (const auto& [key, value] : tensors) {
        const auto name = to_value<std::string>(key, "the name of a tensor");
        if (!py::isinstance<py::array>(value))
            throw py::type_error("tensor '" + name + "' is not an array");
        const auto array = py::reinterpret_borrow<py::array>(value);
        check_array<float>(array, "float32", array.ndim(), "tensor '" + name + "'");
        views[name] = {static_cast<const float*>(array.data()),
                       {array.shape(), array.shape() + array.ndim()}};
        arrays.push_back(array);
    }
    const ModelConfig config{cell_named(cell),
                             vocabulary_size,
                             embedding_size,
                             hidden_size,
                             layers,
                             bias,
                             value_named<Precision>(precision, "precision")};
    const StandardRounding rounding;
    const Released release;
    return std::make_shared<Model>(config, views);
}

py::array_t<float> logits_of(const Model& model, const py::array& ids) {
    check_array<std::int32_t>(ids, "int32", 2, "ids");
    const py::ssize_t N = ids.shape(0), T = ids.shape(1);
    check(std::max(N, T) <= py::ssize_t{1} << 40, "ids has too long an axis");
    const auto V = static_cast<py::ssize_t>(model.vocabulary_size());
    const auto* data = static_cast<const std::int32_t*>(ids.data());
    const Ids fed(data, data + N * T);
    check_ids(model, fed);
    py::array_t<float> result(std::vector<py::ssize_t>{N, T, V});
    if (fed.empty()) return result;
    float* out = result.mutable_data();
    const Released release;
    const StandardRounding rounding;
    const auto rows = static_cast<std::size_t>(N), steps = static_cast<std::size_t>(T);
    Aligned<float> states(rows * model.state_size()), logits(rows * model.logits_size());
    const std::unique_ptr<Stepper> stepper = model.stepper();
    StepRows step;
    for (py::ssize_t t = 0; t < T; ++t) {
        step.clear();
        for (std::size_t n = 0; n < rows; ++n) {
            float* state = states.data() + n * model.state_size();
            step.add(fed[n * steps + static_cast<std::size_t>(t)], state, state,
                     logits.data() + n * model.logits_size());
        }
        stepper->step(step);
        for (py::ssize_t n = 0; n < N; ++n)
            std::copy_n(step.logits[static_cast<std::size_t>(n)], V, out + (n * T + t) * V);
    }
    return result;
}

py::array_t<float> map_function(const std::string& name, const py::array& x) {
    check_array<float>(x, "float32", 1, "x");
    check(name == "exp" || name == "log", "function '" + name + "' is not exp or log");
    const auto n = static_cast<std::size_t>(x.shape(0));
    Aligned<float> in(padded(n)), out(padded(n));
    std::fill_n(in.data(), in.size(), 1.0f);
    std::copy_n(static_cast<const float*>(x.data()), n, in.data());
    const StandardRounding rounding;
    select_kernels().map(name[0], in.data(), out.data(), in.size());
    return to_array(std::vector<float>(out.data(), out.data() + n), {x.shape(0)});
}

}  // namespace charlm
