// The Python module charlm._training: a list of registrations. Its typed contract is
// _training.pyi.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/rounding.h"
#include "bindings/arrays.h"
#include "bindings/made_caster.h"
#include "bindings/options.h"
#include "bindings/released.h"
#include "train/pass.h"

namespace charlm {
namespace {

void check_share(double share, const char* name) {
    check(share >= 0 && share < 1, std::string(name) + " must be from 0 to 1, 1 excluded");
}

// A float32 array of this shape. Raises ValueError for one that is to be written and may not be.
float* floats(const py::handle& value, const std::vector<std::size_t>& shape,
              const std::string& name, bool write) {
    if (!py::isinstance<py::array>(value)) throw py::type_error(name + " is not an array");
    auto array = py::reinterpret_borrow<py::array>(value);
    check_array<float>(array, "float32", static_cast<py::ssize_t>(shape.size()), name);
    for (std::size_t i = 0; i < shape.size(); ++i)
        check(static_cast<std::size_t>(array.shape(static_cast<py::ssize_t>(i))) == shape[i],
              name + " has a wrong shape");
    check(!write || array.writeable(), name + " is read-only");
    return const_cast<float*>(static_cast<const float*>(array.data()));
}

using Ids = std::vector<std::int64_t>;

// ids [T, B], every one in [0, below).
Ids ids_of(const py::array& array, std::size_t times, std::size_t rows, std::size_t below,
           const std::string& name) {
    check_array<std::int64_t>(array, "int64", 2, name);
    check(static_cast<std::size_t>(array.shape(0)) == times &&
              static_cast<std::size_t>(array.shape(1)) == rows,
          name + " has a wrong shape");
    const auto* data = static_cast<const std::int64_t*>(array.data());
    Ids ids(data, data + times * rows);
    for (const std::int64_t id : ids)
        check(id >= 0 && static_cast<std::size_t>(id) < below,
              name + " holds " + std::to_string(id) + ", which is no id");
    return ids;
}

}  // namespace

// A pass, and the arrays of Python that it works on. Two threads take turns.
class BoundPass {
  public:
    BoundPass(const std::string& cell, std::size_t vocabulary_size, std::size_t embedding_size,
              std::size_t hidden_size, std::size_t layers, bool bias, std::int64_t padding,
              const py::object& regularisers, std::size_t threads)
        : config_{cell_named(cell), vocabulary_size, embedding_size, hidden_size, layers, padding},
          bias_(bias) {
        const std::size_t largest = std::size_t{1} << 24;
        for (const std::size_t size : {vocabulary_size, embedding_size, hidden_size, layers})
            check(size > 0 && size < largest, "a size of the model is out of range");
        check(layers <= 16, "layers must be at most 16");
        check(threads >= 1 && threads <= 1024, "threads must be from 1 to 1024");
        const auto options = read_options<Regularisers>(regularisers);
        check_share(options.dropout, "dropout");
        check_share(options.embedding_dropout, "embedding_dropout");
        check_share(options.weight_dropout, "weight_dropout");
        check_share(options.recurrent_dropout, "recurrent_dropout");
        check(options.weight_dropout == 0 || config_.cell.is_recurrent(),
              "weight_dropout is not for cell " + cell + ": it has no recurrent weights");
        pass_ = std::make_unique<Pass>(config_, options, threads);
    }

    using Mask = std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>;
    using Part = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;

    std::tuple<double, std::size_t, double> run(const py::dict& weights, const py::array& inputs,
                                                const py::array& targets,
                                                const std::vector<py::object>& states,
                                                const std::optional<Mask>& mask,
                                                const std::optional<py::dict>& gradients,
                                                const std::optional<std::vector<py::object>>& gates,
                                                const std::optional<Part>& part) {
        check_array<std::int64_t>(inputs, "int64", 2, "inputs");
        const auto T = static_cast<std::size_t>(inputs.shape(0));
        const auto B = static_cast<std::size_t>(inputs.shape(1));
        const std::size_t largest = std::size_t{1} << 31;
        check(T > 0 && B > 0 && T < largest && B < largest / T, "the batch has a wrong size");
        const std::size_t V = config_.vocabulary_size, H = config_.hidden_size;
        // Copies: Python may write to its arrays meanwhile.
        const Ids input_ids = ids_of(inputs, T, B, V, "inputs");
        const Ids target_ids = ids_of(targets, T, B, V, "targets");
        std::optional<Whole> whole;
        if (part) whole = {std::get<0>(*part), std::get<1>(*part), std::get<2>(*part)};
        const Batch batch{T, B, input_ids.data(), target_ids.data(), whole ? &*whole : nullptr};
        std::vector<py::object> held;  // every array, as long as the pass works on it
        const Parameters read = parameters(weights, "weight ", false, held);
        std::optional<Parameters> write;
        if (gradients) write = parameters(*gradients, "gradient ", true, held);
        check(states.size() == config_.layers * config_.cell.states, "states: a wrong number");
        std::vector<float*> vectors;
        for (const py::object& state : states)
            vectors.push_back(floats(state, {B, H}, "state", true));
        check(!(gates && gradients), "gates are not kept on the way back");
        check(!gates || gates->size() == config_.layers, "gates: a wrong number");
        std::vector<float*> seen;
        for (const py::object& layer : gates.value_or(std::vector<py::object>{}))
            seen.push_back(floats(layer, {T, B, config_.cell.gates() * H}, "gates", true));
        std::optional<MaskKey> key;
        if (mask) key = {std::get<0>(*mask), std::get<1>(*mask), std::get<2>(*mask)};
        const Released release;
        const std::lock_guard lock(turn_);
        const PassResult result =
            pass_->run(read, batch, vectors, key ? &*key : nullptr, write ? &*write : nullptr);
        for (std::size_t l = 0; l < seen.size(); ++l) pass_->gates(l, seen[l]);
        return {result.loss, result.count, result.penalty};
    }

  private:
    Parameters parameters(const py::dict& arrays, const std::string& what, bool write,
                          std::vector<py::object>& held) const {
        const std::size_t V = config_.vocabulary_size, E = config_.embedding_size;
        const std::size_t H = config_.hidden_size, G = config_.cell.gates() * H;
        std::size_t taken = 0;
        const auto of = [&](const std::string& name, const std::vector<std::size_t>& shape) {
            // Not by the mapping's own methods, which may give another array each time.
            PyObject* found = PyDict_GetItemWithError(arrays.ptr(), py::str(name).ptr());
            if (PyErr_Occurred() != nullptr) throw py::error_already_set();
            check(found != nullptr, what + "'" + name + "' is missing");
            held.push_back(py::reinterpret_borrow<py::object>(found));
            ++taken;
            return floats(held.back(), shape, what + "'" + name + "'", write);
        };
        Parameters found{};
        found.embedding = of("embedding", {V, E});
        for (std::size_t l = 0; l < config_.layers; ++l) {
            const std::string name = "layers." + std::to_string(l) + ".";
            LayerParameters layer{};
            layer.input = of(name + "input_weight", {G, l == 0 ? E : H});
            if (config_.cell.is_recurrent()) layer.hidden = of(name + "hidden_weight", {G, H});
            if (bias_) layer.bias = of(name + "bias", {G});
            found.layers.push_back(layer);
        }
        found.output_weight = of("output_weight", {V, H});
        found.output_bias = of("output_bias", {V});
        check(arrays.size() == taken, what + "that is unknown");
        return found;
    }

    PassConfig config_;
    bool bias_;
    std::unique_ptr<Pass> pass_;
    std::mutex turn_;
};

namespace {

// Weights of any shape, as one run of numbers.
std::pair<float*, std::size_t> numbers(py::array array, const std::string& name) {
    check_array<float>(array, "float32", array.ndim(), name);
    return {static_cast<float*>(array.mutable_data()), static_cast<std::size_t>(array.size())};
}

float* numbers(const py::array& array, const std::string& name, std::size_t n) {
    const auto [data, size] = numbers(array, name);
    check(size == n, name + " has a wrong size");
    return data;
}

void adamw(const py::array& weights, const py::array& gradient, const py::array& mean,
           const py::array& square, float beta1, float new1, float beta2, float new2, float keep,
           float rate, float root, float epsilon) {
    const auto [w, n] = numbers(weights, "weights");
    float *g = numbers(gradient, "gradient", n), *m = numbers(mean, "mean", n);
    float* v = numbers(square, "square", n);
    const Released release;
    const StandardRounding rounding;
    select_kernels().training.adamw(w, g, m, v,
                                    {beta1, new1, beta2, new2, keep, rate, root, epsilon}, n);
}

void sgd(const py::array& weights, const py::array& gradient, const py::array& velocity, float rate,
         float momentum, float decay) {
    const auto [w, n] = numbers(weights, "weights");
    float *g = numbers(gradient, "gradient", n), *v = numbers(velocity, "velocity", n);
    const Released release;
    const StandardRounding rounding;
    select_kernels().training.sgd(w, g, v, rate, momentum, decay, n);
}

void approach(const py::array& mean, const py::array& x, float share) {
    const auto [m, n] = numbers(mean, "mean");
    float* towards = numbers(x, "x", n);
    const Released release;
    const StandardRounding rounding;
    select_kernels().training.approach(m, towards, share, n);
}

double squares(const py::array& x) {
    const auto [data, n] = numbers(x, "x");
    const StandardRounding rounding;
    return select_kernels().training.squares(data, n);
}

// What one row of a mask multiplies with: 0, or 1 / (1 - share).
py::array_t<float> mask(const std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>& key,
                        std::uint32_t place, std::size_t layer, std::size_t time, std::size_t row,
                        std::size_t size, double share) {
    check_share(share, "share");
    check(size < (std::size_t{1} << 24) && place <= 4, "mask: out of range");
    const MaskKey named{std::get<0>(key), std::get<1>(key), std::get<2>(key)};
    Masks masks;
    masks.key = &named;
    Aligned<float> x(padded(size));
    std::fill_n(x.data(), x.size(), 1.0f);
    const StandardRounding rounding;
    masks.drop(select_kernels(), share, static_cast<Place>(place), layer, time, row, x.data(),
               x.size());
    return to_array(std::vector<float>(x.data(), x.data() + size),
                    {static_cast<py::ssize_t>(size)});
}

}  // namespace
}  // namespace charlm

namespace pybind11::detail {
template <>
struct type_caster<charlm::BoundPass> : charlm::MadeCaster<charlm::BoundPass> {};
}  // namespace pybind11::detail

namespace py = pybind11;
using namespace charlm;

PYBIND11_MODULE(_training, m) {
    m.doc() = "The native update of charlm: see charlm.train.native for its use.";
    m.attr("SOURCE_HASH") = CHARLM_SOURCE_HASH;
    py::register_local_exception<ValueError>(m, "TrainingEngineError", PyExc_ValueError);

    py::class_<BoundPass>(m, "Pass")
        .def(py::init<const std::string&, std::size_t, std::size_t, std::size_t, std::size_t, bool,
                      std::int64_t, const py::object&, std::size_t>(),
             py::kw_only(), py::arg("cell"), py::arg("vocabulary_size"), py::arg("embedding_size"),
             py::arg("hidden_size"), py::arg("layers"), py::arg("bias"), py::arg("padding"),
             py::arg("regularisers"), py::arg("threads"))
        .def("run", &BoundPass::run, py::kw_only(), py::arg("weights"), py::arg("inputs"),
             py::arg("targets"), py::arg("states"), py::arg("mask").none(true),
             py::arg("gradients").none(true), py::arg("gates").none(true) = py::none(),
             py::arg("part").none(true) = py::none());

    m.def("adamw", &adamw, py::kw_only(), py::arg("weights"), py::arg("gradient"), py::arg("mean"),
          py::arg("square"), py::arg("beta1"), py::arg("new1"), py::arg("beta2"), py::arg("new2"),
          py::arg("keep"), py::arg("rate"), py::arg("root"), py::arg("epsilon"));
    m.def("sgd", &sgd, py::kw_only(), py::arg("weights"), py::arg("gradient"), py::arg("velocity"),
          py::arg("rate"), py::arg("momentum"), py::arg("decay"));
    m.def("approach", &approach, py::kw_only(), py::arg("mean"), py::arg("x"), py::arg("share"));
    m.def("squares", &squares, py::arg("x"));
    m.def("mask", &mask, py::kw_only(), py::arg("key"), py::arg("place"), py::arg("layer"),
          py::arg("time"), py::arg("row"), py::arg("size"), py::arg("share"));
}
