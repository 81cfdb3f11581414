#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "isa.hpp"

namespace renkei {

namespace baseline {
extern const Kernels table;
}
#if defined(RENKEI_X86)
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
#endif

namespace {

struct Candidate {
    const Kernels *table;
    bool usable;
};

const Kernels &pick() {
#if defined(RENKEI_X86)
    __builtin_cpu_init();
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") &&
                            __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    const Candidate candidates[] = {
        {&baseline::table, true}, {&avx2::table, has_avx2}, {&avx512::table, has_avx512}};
#else
    const Candidate candidates[] = {{&baseline::table, true}};
#endif
    const Kernels *best = &baseline::table;
    const char *wish = std::getenv("RENKEI_ISA");
    for (const Candidate &candidate : candidates) {
        if (!candidate.usable) continue;
        best = candidate.table;
        if (wish && std::strcmp(wish, best->name) == 0) return *best;
    }
    if (wish && *wish) {
        std::fprintf(stderr, "renkei: RENKEI_ISA=%s is not built or not supported here; using %s\n",
                     wish, best->name);
    }
    return *best;
}

}  // namespace

const Kernels &kernels() {
    static const Kernels &picked = pick();
    return picked;
}

const char *built_sets() {
#if defined(RENKEI_X86)
    return "baseline,avx2,avx512";
#elif defined(__aarch64__)
    return "neon";
#else
    return "baseline";
#endif
}

}  // namespace renkei
