#include "model/model.h"

#include <algorithm>

#include "model/layer_stepper.h"

namespace charlm {

Model::Model(const ModelConfig& config, const Tensors& tensors)
    : StepModel(select_kernels(), config.vocabulary_size, config.state_size()),
      weights_(config, tensors, kernels()) {}

std::unique_ptr<Stepper> Model::stepper() const {
    return std::make_unique<LayerStepper>(weights_, kernels());
}

std::vector<std::size_t> Model::state_shape() const {
    return {config().layers, config().cell.states, config().hidden_size};
}

void Model::pack(const float* array, float* state) const {
    const std::size_t H = config().hidden_size, Hp = config().padded_hidden();
    for (std::size_t v = 0; v < state_size() / Hp; ++v)
        std::copy_n(array + v * H, H, state + v * Hp);
}

void Model::unpack(const float* state, float* array) const {
    const std::size_t H = config().hidden_size, Hp = config().padded_hidden();
    for (std::size_t v = 0; v < state_size() / Hp; ++v)
        std::copy_n(state + v * Hp, H, array + v * H);
}

}  // namespace charlm
