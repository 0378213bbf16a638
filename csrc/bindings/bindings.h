// What module.cpp registers: the constructors and calls that take or give arrays.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/model.h"
#include "session/beams.h"
#include "session/sampling.h"
#include "session/scoring.h"

namespace charlm {

namespace py = pybind11;

std::shared_ptr<Model> make_model(const std::string& cell, std::size_t vocabulary_size,
                                  std::size_t embedding_size, std::size_t hidden_size,
                                  std::size_t layers, bool bias, const std::string& precision,
                                  const py::dict& tensors);
// Of each prompt: (key, index of the first sample).
using DiceOfPrompts = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

// Options are a mapping: see options.h.
template <class Session>
std::unique_ptr<Session> make_session(std::shared_ptr<const Model> model,
                                      const std::vector<Ids>& prompts, const py::list& starts,
                                      const DiceOfPrompts& dice, const py::object& options,
                                      std::size_t threads);
std::unique_ptr<ScoringSession> make_scoring(std::shared_ptr<const Model> model,
                                             const std::vector<py::object>& inputs,
                                             const std::vector<py::object>& targets,
                                             std::int64_t rivals, std::size_t threads);

// ids [n, N], log_probs [n, N], finished [N], details or None.
py::tuple advance_sampling(SamplingSession& session, std::size_t n, double budget_ms);
// parents, ids, scores [n, P, K], finished [P].
py::tuple advance_beams(BeamSession& session, std::size_t n, double budget_ms);
// (ids, log_prob, score, length, finished) of the K best, best first.
py::list best_of_beam(const BeamSession& session, std::size_t prompt);
// state [L, S, H], logits [V].
template <class Session>
py::tuple prompt_state_of(const Session& session, std::size_t prompt);
// One float32 array per text.
py::list log_probs_of(const ScoringSession& session);
// None, or per text ranks [T], entropies [T], rival_ids [T, R], rival_log_probs [T, R].
py::object details_of(const ScoringSession& session);
// ids [N, T] -> logits [N, T, V].
py::array_t<float> logits_of(const Model& model, const py::array& ids);
// exp or log of a float32 vector, on the selected instruction set.
py::array_t<float> map_function(const std::string& name, const py::array& x);

}  // namespace charlm
