// One step of N rows through layers of cells.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "model/step_model.h"
#include "model/weights.h"

namespace charlm {

class LayerStepper : public Stepper {
  public:
    // Both must outlive this.
    LayerStepper(const Weights& weights, const Kernels& kernels)
        : weights_(weights), kernels_(kernels) {}

    void step(const StepRows& rows) override;

  private:
    // The rows that a product multiplies, one behind the other along k; `x` may be null.
    struct Operands {
        const float* const* x;
        std::size_t x_size;
        const float* const* h;
        std::size_t h_size;
    };

    template <class P>
    void step_all(const Cells<P>& cells, const StepRows& rows);
    template <class P>
    void step_layer(const Cells<P>& cells, std::size_t layer, const StepRows& rows);
    template <class P>
    void write_logits(const Cells<P>& cells, const StepRows& rows);
    CellRows point_to_states(const StepRows& rows, std::size_t place);
    Operands operands(Recurrent recurrent) const;
    template <class P>
    P product(const GateProduct& weights, const Operands& operands, std::size_t rows);

    const ModelConfig& config() const { return weights_.config; }

    const Weights& weights_;
    const Kernels& kernels_;
    // Rows of floats or int8, and pointers to rows: of the layer below (none for layer 0), of the
    // layer that is stepped, of its state, and of what its products leave for one another.
    Aligned<float> x_memory_, h_memory_;
    std::array<Aligned<float>, kCellVectors> scratch_memory_;
    Aligned<std::int8_t> int8_x_memory_, int8_h_memory_;
    std::vector<float*> x_, h_, logits_;
    std::array<std::vector<const float*>, kCellVectors> in_;
    std::array<std::vector<float*>, kCellVectors> out_, scratch_;
    std::vector<std::int8_t*> int8_x_, int8_h_;
    std::vector<const float*> last_, top_;
};

}  // namespace charlm
