#include <pybind11/stl.h>

#include "base/check.h"
#include "bindings/arrays.h"
#include "bindings/bindings.h"

namespace charlm {

namespace {

void not_built(bool neutral, const std::string& name) {
    check(neutral, name + " is not built yet");
}

std::vector<float> to_vector(const py::handle& value, py::ssize_t dimensions,
                             const std::string& name) {
    if (!py::isinstance<py::array>(value)) throw py::type_error(name + " is not an array");
    const auto array = py::reinterpret_borrow<py::array>(value);
    check_array<float>(array, "float32", dimensions, name);
    const auto* data = static_cast<const float*>(array.data());
    return {data, data + array.size()};
}

// Each start is None, or (state, logits, how many ids have been fed).
std::vector<Prompt> to_prompts(const std::vector<Ids>& prompts, const py::list& starts) {
    check(starts.size() == prompts.size(), "as many starts as prompts are needed");
    std::vector<Prompt> result;
    for (std::size_t p = 0; p < prompts.size(); ++p) {
        Prompt prompt{prompts[p], 0, {}};
        if (!starts[p].is_none()) {
            const auto start = py::cast<py::tuple>(starts[p]);
            check(start.size() == 3, "a start is (state, logits, fed)");
            prompt.start = {to_vector(start[0], 3, "the state of a start"),
                            to_vector(start[1], 1, "the logits of a start")};
            prompt.fed = py::cast<std::size_t>(start[2]);
            check(prompt.fed > 0, "a start has been fed nothing");
        }
        result.push_back(std::move(prompt));
    }
    return result;
}

}  // namespace

std::unique_ptr<SamplingSession> make_sampling(
    std::shared_ptr<const Model> model, const std::vector<Ids>& prompts, const py::list& starts,
    std::size_t samples, std::uint32_t first_sample, float temperature, std::int32_t top_k,
    float top_p, float min_p, float typical_p, std::size_t no_repeat_ngram,
    const std::vector<std::int32_t>& banned, std::uint64_t seed, std::int64_t max_length,
    std::int64_t min_length, const std::vector<Ids>& stops, std::int64_t rivals,
    std::size_t threads) {
    not_built(first_sample == 0, "first_sample");
    not_built(typical_p == 1, "typical_p");
    not_built(no_repeat_ngram == 0, "no_repeat_ngram");
    not_built(min_length == 0, "min_length");
    not_built(stops.empty(), "stops");
    not_built(rivals == -1, "rivals");
    const SamplingOptions options{
        {temperature, top_k, top_p, min_p}, seed, samples, max_length, banned};
    return std::make_unique<SamplingSession>(std::move(model), to_prompts(prompts, starts), options,
                                             threads);
}

std::unique_ptr<BeamSession> make_beams(
    std::shared_ptr<const Model> model, const std::vector<Ids>& prompts, const py::list& starts,
    std::size_t width, double length_penalty, const std::string& stop_rule, double patience,
    const std::string& nucleus, float top_p, std::size_t no_repeat_ngram,
    const std::vector<std::int32_t>& banned, std::uint64_t seed, std::int64_t max_length,
    std::int64_t min_length, const std::vector<Ids>& stops, std::size_t threads) {
    not_built(stop_rule == "exact" && patience == 1, "stop_rule");
    not_built(nucleus != "best", "nucleus best");
    not_built(no_repeat_ngram == 0, "no_repeat_ngram");
    not_built(min_length == 0, "min_length");
    not_built(stops.empty(), "stops");
    const BeamOptions options{width, length_penalty, nucleus == "sample", top_p, seed, max_length};
    return std::make_unique<BeamSession>(std::move(model), to_prompts(prompts, starts), options,
                                         banned, threads);
}

std::unique_ptr<ScoringSession> make_scoring(std::shared_ptr<const Model> model,
                                             const std::vector<Ids>& inputs,
                                             const std::vector<Ids>& targets, std::int64_t rivals,
                                             std::size_t threads) {
    not_built(rivals == -1, "rivals");
    return std::make_unique<ScoringSession>(std::move(model), inputs, targets, threads);
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
                          to_flags(events.finished), py::none());
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

py::tuple to_arrays(const PromptState& state, const ModelConfig& config) {
    const auto L = static_cast<py::ssize_t>(config.layers);
    const auto H = static_cast<py::ssize_t>(config.hidden_size);
    const py::ssize_t S = static_cast<py::ssize_t>(state.state.size()) / (L * H);
    return py::make_tuple(to_array(state.state, {L, S, H}),
                          to_array(state.logits, {static_cast<py::ssize_t>(state.logits.size())}));
}

py::list log_probs_of(const ScoringSession& session) {
    py::list result;
    for (const ScoredText& text : session.texts())
        result.append(to_array(text.log_probs, {static_cast<py::ssize_t>(text.log_probs.size())}));
    return result;
}

}  // namespace charlm
