// What a cell is made of. The cells there are stand in cell.cpp, their loops in cells.inc (to
// write) and training.inc (to learn).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace charlm {

// What a product takes beside x: h, what the product before it left in the first scratch vector,
// or nothing.
enum class Recurrent { h, scratch, nothing };

// Some gates of all units, made by one product, and what follows it.
struct CellProduct {
    const char* step;   // its name in kernels/cells.inc
    std::size_t gates;  // how many, 1, 2 or 4: the next in the cell's order
    Recurrent recurrent = Recurrent::h;
};

struct Cell {
    const char* name;
    std::vector<CellProduct> products;  // in turn
    std::size_t states = 1;             // vectors of H that a state has: h, and others behind it
    std::size_t scratch = 0;            // vectors of H between the products; both: kCellVectors
    bool bounded = true;                // |h| stays below 1, as int8 needs it

    std::size_t gates() const;
    // Whether it has a weight over h.
    bool is_recurrent() const;
    // Whether the kernels can run it: groups of four blocks hold whole units, rows have room.
    bool fits() const;
};

// Raises ValueError for a name that none has.
const Cell& cell_named(const std::string& name);

}  // namespace charlm
