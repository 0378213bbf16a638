#include "session/prompts.h"

#include <algorithm>

namespace charlm {

void check_ids(const Model& model, const Ids& ids) {
    const std::size_t size = model.config().vocabulary_size;
    for (const std::int32_t id : ids)
        check(id >= 0 && static_cast<std::size_t>(id) < size,
              "id " + std::to_string(id) + " is not in a vocabulary of " + std::to_string(size));
}

Prompts::Prompts(const Model& model, std::vector<Ids> prompts)
    : model_(model),
      prompts_(std::move(prompts)),
      states_(prompts_.size() * model.state_size()),
      logits_(prompts_.size() * model.logits_size()) {
    for (const Ids& prompt : prompts_) {
        check(!prompt.empty(), "a prompt must hold at least the start id");
        check_ids(model, prompt);
        longest_ = std::max(longest_, prompt.size());
    }
}

void Prompts::step(Workspace& work) {
    rows_.clear();
    for (std::size_t p = 0; p < prompts_.size(); ++p) {
        if (position_ >= prompts_[p].size()) continue;
        float* state = states_.data() + p * model_.state_size();
        float* logits = logits_.data() + p * model_.logits_size();
        const bool last = position_ + 1 == prompts_[p].size();
        rows_.add(prompts_[p][position_], state, state, last ? logits : nullptr);
    }
    model_.step(rows_, work);
    ++position_;
}

}  // namespace charlm
