#include "kernels/cell.h"

#include <algorithm>
#include <stdexcept>

#include "base/names.h"
#include "kernels/kernels.h"

namespace charlm {
namespace {

const std::vector<Cell> kCells = {
    {.name = "rnn", .products = {{.step = "rnn", .gates = 1}}},
    {.name = "gru",
     .products = {{.step = "gru_gates", .gates = 2},
                  {.step = "gru_candidate", .gates = 1, .recurrent = Recurrent::scratch}},
     .scratch = 2},
    {.name = "lstm", .products = {{.step = "lstm", .gates = 4}}, .states = 2},
    {.name = "mingru",
     .products = {{.step = "mingru", .gates = 2, .recurrent = Recurrent::nothing}},
     .bounded = false},
    {.name = "minlstm",
     .products = {{.step = "minlstm_gates", .gates = 2, .recurrent = Recurrent::nothing},
                  {.step = "minlstm_candidate", .gates = 1, .recurrent = Recurrent::nothing}},
     .scratch = 2,
     .bounded = false},
};

}  // namespace

const Cell& cell_named(const std::string& name) {
    std::vector<const char*> names;
    for (const Cell& cell : kCells) {
        if (!cell.fits()) throw std::logic_error(std::string(cell.name) + " does not fit");
        if (name == cell.name) return cell;
        names.push_back(cell.name);
    }
    throw ValueError("cell '" + name + "' is not " + either_of(names));
}

std::size_t Cell::gates() const {
    std::size_t sum = 0;
    for (const CellProduct& product : products) sum += product.gates;
    return sum;
}

bool Cell::is_recurrent() const {
    return std::any_of(products.begin(), products.end(), [](const CellProduct& product) {
        return product.recurrent != Recurrent::nothing;
    });
}

bool Cell::fits() const {
    return std::max(states, scratch) <= kCellVectors &&
           std::all_of(products.begin(), products.end(),
                       [](const CellProduct& product) { return 4 % product.gates == 0; });
}

}  // namespace charlm
