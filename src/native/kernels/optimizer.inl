// Update rules over one dense run of n elements. The order of operations is that of the reference
// kernels, so both give the same bits.

template <class T>
void sgd(T *__restrict p, const T *__restrict g, int64_t n, T lr, T grad_scale) {
    for (int64_t i = 0; i < n; ++i) p[i] -= lr * (g[i] * grad_scale);
}

template <class T>
void momentum_sgd(T *__restrict p, const T *__restrict g, T *__restrict v, int64_t n, T lr,
                  T momentum, T grad_scale) {
    for (int64_t i = 0; i < n; ++i) {
        const T next = momentum * v[i] - lr * (g[i] * grad_scale);
        v[i] = next;
        p[i] += next;
    }
}

inline float square_root(float x) { return __builtin_sqrtf(x); }
inline double square_root(double x) { return __builtin_sqrt(x); }

template <class T>
void adam(T *__restrict p, const T *__restrict g, T *__restrict m, T *__restrict v, int64_t n,
          const AdamScalars<T> &scalars) {
    const AdamScalars<T> s = scalars;
    for (int64_t i = 0; i < n; ++i) {
        const T grad = g[i] * s.grad_scale;
        const T mi = m[i] + s.one_minus_beta1 * (grad - m[i]);
        const T vi = v[i] + s.one_minus_beta2 * (grad * grad - v[i]);
        m[i] = mi;
        v[i] = vi;
        p[i] -= s.eta * (s.alpha_t * mi / (square_root(vi) + s.eps) + s.weight_decay_rate * p[i]);
    }
}
