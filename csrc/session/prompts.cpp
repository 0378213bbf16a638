#include "session/prompts.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace charlm {
namespace {

// Two of the model's chunks: full tiles, and a step that stays short.
constexpr std::size_t kRowsPerStep = 96;

void check_numbers(const std::vector<float>& values, std::size_t size, const std::string& name) {
    check(values.size() == size, "the " + name + " of a start has " +
                                     std::to_string(values.size()) + " numbers, not " +
                                     std::to_string(size));
    check(std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); }),
          "the " + name + " of a start holds a NaN or infinite number");
}

// How many numbers a state is handed out as.
std::size_t numbers_of_state(const StepModel& model) {
    std::size_t numbers = 1;
    for (const std::size_t axis : model.state_shape()) numbers *= axis;
    return numbers;
}

}  // namespace

void check_ids(const StepModel& model, const Ids& ids) {
    const std::size_t size = model.vocabulary_size();
    for (const std::int32_t id : ids)
        check(id >= 0 && static_cast<std::size_t>(id) < size,
              "id " + std::to_string(id) + " is not in a vocabulary of " + std::to_string(size));
}

Prompts::Prompts(const StepModel& model, std::vector<Prompt> prompts)
    : model_(model),
      prompts_(std::move(prompts)),
      states_(prompts_.size() * model.state_size()),
      logits_(prompts_.size() * model.logits_size()) {
    for (std::size_t p = 0; p < prompts_.size(); ++p) {
        const Prompt& prompt = prompts_[p];
        check(!prompt.ids.empty(), "a prompt must hold at least the start id");
        check_ids(model, prompt.ids);
        check(prompt.fed <= prompt.ids.size(), "a start has been fed more than its prompt");
        if (prompt.fed > 0) start_from(p);
        if (!fed(p)) open_.push_back(p);
    }
}

void Prompts::start_from(std::size_t prompt) {
    const PromptState& start = prompts_[prompt].start;
    check_numbers(start.state, numbers_of_state(model_), "state");
    check_numbers(start.logits, model_.vocabulary_size(), "logits");
    model_.pack(start.state.data(), states_.data() + prompt * model_.state_size());
    std::copy(start.logits.begin(), start.logits.end(),
              logits_.data() + prompt * model_.logits_size());
}

PromptState Prompts::read_state(std::size_t prompt) const {
    check(fed(prompt), "the prompt has not been fed yet");
    PromptState result;
    result.state.resize(numbers_of_state(model_));
    model_.unpack(state(prompt), result.state.data());
    result.logits.assign(logits(prompt), logits(prompt) + model_.vocabulary_size());
    return result;
}

std::pair<std::size_t, std::size_t> Prompts::progress() const {
    std::size_t fed = 0, all = 0;
    for (const Prompt& prompt : prompts_) {
        fed += prompt.fed;
        all += prompt.ids.size();
    }
    return {fed, all};
}

void Prompts::step(Stepper& stepper) {
    rows_.clear();
    const std::size_t last = std::min(next_ + kRowsPerStep, open_.size());
    for (; next_ < last; ++next_) {
        const std::size_t p = open_[next_];
        Prompt& prompt = prompts_[p];
        float* state = states_.data() + p * model_.state_size();
        float* logits = logits_.data() + p * model_.logits_size();
        const std::int32_t id = prompt.ids[prompt.fed++];
        rows_.add(id, state, state, fed(p) ? logits : nullptr);
    }
    stepper.step(rows_);
    if (next_ < open_.size()) return;
    next_ = 0;
    std::erase_if(open_, [this](std::size_t p) { return fed(p); });
}

}  // namespace charlm
