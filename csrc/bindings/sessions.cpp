#include <pybind11/stl.h>

#include "bindings/arrays.h"
#include "bindings/bindings.h"

namespace charlm {

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

}  // namespace charlm
