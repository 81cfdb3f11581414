#define RENKEI_ISA avx2
#define RENKEI_ISA_NAME "avx2"
#include "simd/table.inl"
