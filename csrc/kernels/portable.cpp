// The kernels in plain C++: the same bits as the vector ones, on any processor.
#include "kernels/kernels.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/philox.h"
#include "kernels/pack.h"

namespace charlm {
namespace portable {
#include "kernels/lanes_portable.h"
#include "kernels/kernels.inc"
}  // namespace portable

const Kernels& portable_kernels() {
    static constexpr Kernels kernels = portable::table("portable");
    return kernels;
}

}  // namespace charlm
