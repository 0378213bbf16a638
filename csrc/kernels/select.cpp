#include <cstdlib>
#include <string>
#include <vector>

#include "base/check.h"
#include "kernels/kernels.h"

namespace charlm {
namespace {

#if defined(__x86_64__)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni");
}
#endif

}  // namespace

std::vector<const Kernels*> runnable_kernels() {
    std::vector<const Kernels*> tables;
#if defined(__x86_64__)
    if (has_avx512()) tables.push_back(&avx512_kernels());
    if (has_avx2()) tables.push_back(&avx2_kernels());
#endif
    tables.push_back(&portable_kernels());
    return tables;
}

const Kernels& select_kernels() {
    const char* forced = std::getenv("CHARLM_FORCE_ISA");
    const std::string isa = forced != nullptr ? forced : "";
    check(isa.empty() || isa == "avx512" || isa == "avx2" || isa == "portable",
          "CHARLM_FORCE_ISA is '" + isa + "': it must be avx512, avx2 or portable");
    for (const Kernels* kernels : runnable_kernels())
        if (isa.empty() || isa == kernels->name) return *kernels;
    throw ValueError("CHARLM_FORCE_ISA is " + isa + ", which this processor lacks");
}

}  // namespace charlm
