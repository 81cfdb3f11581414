#define RENKEI_ISA avx512
#define RENKEI_ISA_NAME "avx512"
#include "simd/table.inl"
