#include <cstdlib>
#include <string>

#include "base/check.h"
#include "kernels/kernels.h"

namespace charlm {
namespace {

bool has_avx2() {
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

}  // namespace

const Kernels& select_kernels() {
    const char* forced = std::getenv("CHARLM_FORCE_ISA");
    const std::string isa = forced != nullptr && *forced != '\0' ? forced : "";
    check(isa.empty() || isa == "avx2" || isa == "portable",
          "CHARLM_FORCE_ISA is '" + isa + "': it must be avx2 or portable");
    check(isa != "avx2" || has_avx2(), "CHARLM_FORCE_ISA is avx2, which this processor lacks");
#if defined(__x86_64__)
    if (isa != "portable" && has_avx2()) return avx2_kernels();
#endif
    return portable_kernels();
}

}  // namespace charlm
