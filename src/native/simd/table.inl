// Included once per instruction set. Everything here and in the kernels' .inl files has internal
// linkage and uses no inline function of the standard library: the linker would be free to keep
// the copy compiled for the newest processor and run it on the oldest.
#include "simd/isa.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace renkei {
namespace RENKEI_ISA {
namespace {

#include "simd/exp.inl"
#include "simd/gemm.inl"

#include "kernels/loss_class.inl"
#include "kernels/optimizer.inl"

template <class T>
constexpr FloatKernels<T> float_table{
    sgd<T>,
    momentum_sgd<T>,
    adam<T>,
    exp_all<T>,
    cross_entropy<T, int32_t>,
    cross_entropy<T, int64_t>,
    cross_entropy_grad<T, int32_t>,
    cross_entropy_grad<T, int64_t>,
};

}  // namespace

extern const Kernels table;
const Kernels table{RENKEI_ISA_NAME, float_table<float>, float_table<double>,
                    {tile_rows, tile_cols, product, dots}};

}  // namespace RENKEI_ISA
}  // namespace renkei
