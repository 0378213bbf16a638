// A model of layers of one cell, and the cells there are.
#pragma once

#include "model/step_model.h"
#include "model/weights.h"

namespace charlm {

class Model : public StepModel {
  public:
    // Raises ValueError for tensors that do not fit.
    Model(const ModelConfig& config, const Tensors& tensors);

    const ModelConfig& config() const { return weights_.config; }

    std::unique_ptr<Stepper> stepper() const override;
    std::vector<std::size_t> state_shape() const override;  // [L, S, H]
    void pack(const float* array, float* state) const override;
    void unpack(const float* state, float* array) const override;

  private:
    Weights weights_;
};

}  // namespace charlm
