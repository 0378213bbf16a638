#include <pybind11/stl.h>

#include "base/check.h"
#include "bindings/arrays.h"
#include "bindings/bindings.h"
#include "bindings/options.h"
#include "bindings/released.h"

namespace charlm {

namespace {

std::vector<float> to_vector(const py::handle& value, py::ssize_t dimensions,
                             const std::string& name) {
    if (!py::isinstance<py::array>(value)) throw py::type_error(name + " is not an array");
    const auto array = py::reinterpret_borrow<py::array>(value);
    check_array<float>(array, "float32", dimensions, name);
    const auto* data = static_cast<const float*>(array.data());
    return {data, data + array.size()};
}

// Each start is None, or (state, logits, how many ids have been fed).
std::vector<Prompt> to_prompts(const std::vector<Ids>& prompts, const py::list& starts,
                               const DiceOfPrompts& dice) {
    check(starts.size() == prompts.size(), "as many starts as prompts are needed");
    check(dice.size() == prompts.size(), "as many dice as prompts are needed");
    std::vector<Prompt> result;
    for (std::size_t p = 0; p < prompts.size(); ++p) {
        Prompt prompt{prompts[p], 0, {}, {dice[p].first, dice[p].second}};
        if (!starts[p].is_none()) {
            check(py::isinstance<py::tuple>(starts[p]) && py::len(starts[p]) == 3,
                  "a start is None, or (state, logits, fed)");
            const auto start = py::cast<py::tuple>(starts[p]);
            prompt.start = {to_vector(start[0], 3, "the state of a start"),
                            to_vector(start[1], 1, "the logits of a start")};
            prompt.fed = to_value<std::size_t>(start[2], "how much a start has been fed");
            check(prompt.fed > 0, "a start has been fed nothing");
        }
        result.push_back(std::move(prompt));
    }
    return result;
}

std::vector<Ids> to_texts(const std::vector<py::object>& texts, const std::string& name) {
    std::vector<Ids> result;
    for (const py::object& text : texts) result.push_back(to_ids(text, name));
    return result;
}

std::vector<ScoredText> texts_of(const ScoringSession& session) {
    const Released release;
    return session.texts();
}

}  // namespace

template <class Session>
std::unique_ptr<Session> make_session(std::shared_ptr<const Model> model,
                                      const std::vector<Ids>& prompts, const py::list& starts,
                                      const DiceOfPrompts& dice, const py::object& options,
                                      std::size_t threads) {
    return std::make_unique<Session>(std::move(model), to_prompts(prompts, starts, dice),
                                     read_options<typename Session::Options>(options), threads);
}

template std::unique_ptr<SamplingSession> make_session(std::shared_ptr<const Model>,
                                                       const std::vector<Ids>&, const py::list&,
                                                       const DiceOfPrompts&, const py::object&,
                                                       std::size_t);
template std::unique_ptr<BeamSession> make_session(std::shared_ptr<const Model>,
                                                   const std::vector<Ids>&, const py::list&,
                                                   const DiceOfPrompts&, const py::object&,
                                                   std::size_t);

std::unique_ptr<ScoringSession> make_scoring(std::shared_ptr<const Model> model,
                                             const std::vector<py::object>& inputs,
                                             const std::vector<py::object>& targets,
                                             std::int64_t rivals, std::size_t threads) {
    return std::make_unique<ScoringSession>(std::move(model), to_texts(inputs, "inputs"),
                                            to_texts(targets, "targets"),
                                            to_optional(rivals, "rivals"), threads);
}

py::tuple advance_sampling(SamplingSession& session, std::size_t n, double budget_ms) {
    SampleEvents events;
    {
        const Released release;
        events = session.advance(n, budget_ms);
    }
    const auto positions = static_cast<py::ssize_t>(events.positions);
    const auto rows = static_cast<py::ssize_t>(session.rows());
    py::object details = py::none();
    if (events.details) {
        const DetailEvents& all = *events.details;
        const auto rivals = static_cast<py::ssize_t>(*session.rivals());
        details = py::make_tuple(to_array(all.ranks, {positions, rows}),
                                 to_array(all.entropies, {positions, rows}),
                                 to_array(all.rival_ids, {positions, rows, rivals}),
                                 to_array(all.rival_log_probs, {positions, rows, rivals}),
                                 to_array(all.rival_kept_log_probs, {positions, rows, rivals}));
    }
    return py::make_tuple(to_array(events.ids, {positions, rows}),
                          to_array(events.log_probs, {positions, rows}), to_flags(events.finished),
                          details);
}

py::tuple advance_beams(BeamSession& session, std::size_t n, double budget_ms) {
    BeamEvents events;
    {
        const Released release;
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
        const Released release;
        best = session.best(prompt);
    }
    py::list result;
    for (const BeamSession::Best& one : best)
        result.append(py::make_tuple(one.ids, one.log_prob, one.score, one.length, one.finished));
    return result;
}

template <class Session>
py::tuple prompt_state_of(const Session& session, std::size_t prompt) {
    PromptState state;
    {
        const Released release;
        state = session.prompt_state(prompt);
    }
    std::vector<py::ssize_t> shape;
    for (const std::size_t axis : session.model().state_shape())
        shape.push_back(static_cast<py::ssize_t>(axis));
    return py::make_tuple(to_array(state.state, std::move(shape)),
                          to_array(state.logits, {static_cast<py::ssize_t>(state.logits.size())}));
}

template py::tuple prompt_state_of(const SamplingSession&, std::size_t);
template py::tuple prompt_state_of(const BeamSession&, std::size_t);

py::list log_probs_of(const ScoringSession& session) {
    std::vector<std::vector<float>> texts;
    {
        const Released release;
        texts = session.log_probs();
    }
    py::list result;
    for (const std::vector<float>& log_probs : texts)
        result.append(to_array(log_probs, {static_cast<py::ssize_t>(log_probs.size())}));
    return result;
}

py::object details_of(const ScoringSession& session) {
    if (!session.rivals()) return py::none();
    const auto R = static_cast<py::ssize_t>(*session.rivals());
    py::list result;
    for (const ScoredText& text : texts_of(session)) {
        const auto T = static_cast<py::ssize_t>(text.ranks.size());
        result.append(py::make_tuple(to_array(text.ranks, {T}), to_array(text.entropies, {T}),
                                     to_array(text.rival_ids, {T, R}),
                                     to_array(text.rival_log_probs, {T, R})));
    }
    return result;
}

}  // namespace charlm
