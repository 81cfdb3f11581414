#define RENKEI_ISA baseline
#if defined(__aarch64__)
#define RENKEI_ISA_NAME "neon"  // every 64-bit ARM has it
#else
#define RENKEI_ISA_NAME "baseline"
#endif
#include "simd/table.inl"
