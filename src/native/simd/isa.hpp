// Inner loops, one table of function pointers per instruction set; the table is picked once, when
// the module is loaded. Results are the same bits on every set: no contraction, fixed lanes.
#pragma once

#include <cstdint>

namespace renkei {

template <class T>
struct AdamScalars {
    T alpha_t, one_minus_beta1, one_minus_beta2, eps, eta, weight_decay_rate, grad_scale;
};

// x: (n, c, d), t and its like: (n, d); all C-contiguous.
template <class T, class L>
struct CrossEntropy {
    const T *x;
    const L *t;
    const T *class_weight;  // (c,) or null
    int64_t n, c, d;
    int64_t ignore_label;
};

template <class T>
struct FloatKernels {
    void (*sgd)(T *p, const T *g, int64_t n, T lr, T grad_scale);
    void (*momentum_sgd)(T *p, const T *g, T *v, int64_t n, T lr, T momentum, T grad_scale);
    void (*adam)(T *p, const T *g, T *m, T *v, int64_t n, const AdamScalars<T> &s);
    void (*exp)(const T *x, T *y, int64_t n);
    // Positions [begin, end) of the blocks described in loss_class.inl.
    void (*cross_entropy32)(const CrossEntropy<T, int32_t> &, T *loss, T *log_z, int64_t begin,
                            int64_t end);
    void (*cross_entropy64)(const CrossEntropy<T, int64_t> &, T *loss, T *log_z, int64_t begin,
                            int64_t end);
    void (*cross_entropy_grad32)(const CrossEntropy<T, int32_t> &, const T *log_z, const T *coeff,
                                 int64_t coeff_step, T *gx, int64_t begin, int64_t end);
    void (*cross_entropy_grad64)(const CrossEntropy<T, int64_t> &, const T *log_z, const T *coeff,
                                 int64_t coeff_step, T *gx, int64_t begin, int64_t end);
};

// float32 matrix products of one thread; see gemm.inl.
struct ProductKernels {
    int tile_rows, tile_cols;  // how operands are packed: panels (k, tile_rows) and (k, tile_cols)
    // c (rows, cols) (+)= bias[row] + a b
    void (*product)(int64_t rows, int64_t cols, int64_t k, const float *a, const float *b, float *c,
                    int64_t ldc, const float *bias, bool add);
    // c (rows, cols) += a b^T with a: (rows, n), b: (cols, n); n is a multiple of 16
    void (*dots)(int64_t rows, int64_t cols, int64_t n, const float *a, const float *b, float *c,
                 int64_t ldc);
};

struct Kernels {
    const char *name;
    FloatKernels<float> f32;
    FloatKernels<double> f64;
    ProductKernels products;
};

// Columns that a (n, c, d) cross entropy handles at once when d > 1.
constexpr int64_t position_block = 64;

const Kernels &kernels();  // the set in use
const char *built_sets();  // names, separated by commas, worst first

template <class T>
const FloatKernels<T> &float_kernels();
template <>
inline const FloatKernels<float> &float_kernels<float>() {
    return kernels().f32;
}
template <>
inline const FloatKernels<double> &float_kernels<double>() {
    return kernels().f64;
}

}  // namespace renkei
