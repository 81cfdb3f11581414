// softsign(x) = x / (1 + |x|) and its gradient: plain C++, no Python and no Renkei headers.
#include <cmath>
#include <cstddef>

namespace {

template <class T>
void forward(const T *x, T *y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) y[i] = x[i] / (1 + std::fabs(x[i]));
}

template <class T>
void gradient(const T *x, const T *gy, T *gx, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
        const T denominator = 1 + std::fabs(x[i]);
        gx[i] = gy[i] / (denominator * denominator);
    }
}

}  // namespace

extern "C" {
void softsign_float32(const float *x, float *y, std::size_t n) { forward(x, y, n); }
void softsign_float64(const double *x, double *y, std::size_t n) { forward(x, y, n); }
void softsign_grad_float32(const float *x, const float *gy, float *gx, std::size_t n) {
    gradient(x, gy, gx, n);
}
void softsign_grad_float64(const double *x, const double *gy, double *gx, std::size_t n) {
    gradient(x, gy, gx, n);
}
}
