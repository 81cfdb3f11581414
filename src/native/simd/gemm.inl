// Register tiles of float32 matrix products. Here multiplication and addition are fused where the
// processor can: products need not be the same bits on every instruction set.

#if defined(__AVX512F__)
using Vector = __m512;
constexpr int width = 16, tile_rows = 8, dot_rows = 5, dot_cols = 5;
inline Vector fused(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
#elif defined(__AVX2__)
using Vector = __m256;
constexpr int width = 8, tile_rows = 6, dot_rows = 3, dot_cols = 4;
inline Vector fused(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
#else
typedef float Vector __attribute__((vector_size(16)));
constexpr int width = 4, tile_rows = 4, dot_rows = 3, dot_cols = 3;
#if defined(__aarch64__)
inline Vector fused(Vector a, Vector b, Vector c) { return vfmaq_f32(c, a, b); }
#else
inline Vector fused(Vector a, Vector b, Vector c) { return a * b + c; }
#endif
#endif
constexpr int tile_vectors = 2, tile_cols = tile_vectors * width;

inline Vector load(const float *p) {
    Vector v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}
inline void store(float *p, Vector v) { __builtin_memcpy(p, &v, sizeof v); }
inline Vector splat(float x) { return x - Vector{}; }

// c[tile_rows][tile_cols] (+)= bias[row] + a b, with a: (k, tile_rows) and b: (k, tile_cols) packed.
inline void product_tile(int64_t k, const float *__restrict a, const float *__restrict b, float *c,
                         int64_t ldc, const float *bias, bool add) {
    Vector sum[tile_rows][tile_vectors];
#pragma GCC unroll 16
    for (int r = 0; r < tile_rows; ++r) {
        const Vector start = bias ? splat(bias[r]) : Vector{};
#pragma GCC unroll 2
        for (int v = 0; v < tile_vectors; ++v) sum[r][v] = start;
    }
    for (int64_t p = 0; p < k; ++p, a += tile_rows, b += tile_cols) {
        const Vector b0 = load(b), b1 = load(b + width);
#pragma GCC unroll 16
        for (int r = 0; r < tile_rows; ++r) {
            const Vector ar = splat(a[r]);
            sum[r][0] = fused(ar, b0, sum[r][0]);
            sum[r][1] = fused(ar, b1, sum[r][1]);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < tile_rows; ++r) {
#pragma GCC unroll 2
        for (int v = 0; v < tile_vectors; ++v) {
            float *to = c + r * ldc + v * width;
            store(to, add ? load(to) + sum[r][v] : sum[r][v]);
        }
    }
}

// c (rows, cols) (+)= bias + a b; a and b in panels of tile_rows and tile_cols, zero-filled.
void product(int64_t rows, int64_t cols, int64_t k, const float *a, const float *b, float *c,
             int64_t ldc, const float *bias, bool add) {
    float rest[tile_rows * tile_cols], rest_bias[tile_rows];
    for (int64_t j = 0; j < cols; j += tile_cols) {
        for (int64_t i = 0; i < rows; i += tile_rows) {
            const int64_t m = rows - i < tile_rows ? rows - i : tile_rows;
            const int64_t n = cols - j < tile_cols ? cols - j : tile_cols;
            float *to = c + i * ldc + j;
            const float *own_bias = bias ? bias + i : nullptr;
            if (m == tile_rows && n == tile_cols) {
                product_tile(k, a + i * k, b + j * k, to, ldc, own_bias, add);
                continue;
            }
            if (bias) {
                for (int64_t r = 0; r < tile_rows; ++r) rest_bias[r] = r < m ? own_bias[r] : 0;
            }
            product_tile(k, a + i * k, b + j * k, rest, tile_cols, bias ? rest_bias : nullptr, false);
            for (int64_t r = 0; r < m; ++r) {
                for (int64_t s = 0; s < n; ++s) {
                    const float x = rest[r * tile_cols + s];
                    to[r * ldc + s] = add ? to[r * ldc + s] + x : x;
                }
            }
        }
    }
}

inline float lane_sum(Vector v) {
#if defined(__AVX2__)
#if defined(__AVX512F__)
    __m256 halves[2];
    __builtin_memcpy(halves, &v, sizeof v);
    const __m256 half = _mm256_add_ps(halves[0], halves[1]);
#else
    const __m256 half = v;
#endif
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
#else
    return (v[0] + v[2]) + (v[1] + v[3]);
#endif
}

// c[i][j] += sum over n of a[i] b[j]; n is a multiple of 16, the rows are padded with zeros.
inline void dots_tile(int64_t n, const float *const *a, const float *const *b, float *c,
                      int64_t ldc, int64_t rows, int64_t cols) {
    Vector sum[dot_rows][dot_cols];
#pragma GCC unroll 8
    for (int i = 0; i < dot_rows; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < dot_cols; ++j) sum[i][j] = Vector{};
    }
    for (int64_t p = 0; p < n; p += width) {
        Vector y[dot_cols];
#pragma GCC unroll 8
        for (int j = 0; j < dot_cols; ++j) y[j] = load(b[j] + p);
#pragma GCC unroll 8
        for (int i = 0; i < dot_rows; ++i) {
            const Vector x = load(a[i] + p);
#pragma GCC unroll 8
            for (int j = 0; j < dot_cols; ++j) sum[i][j] = fused(x, y[j], sum[i][j]);
        }
    }
    float total[dot_rows][dot_cols];
#pragma GCC unroll 8
    for (int i = 0; i < dot_rows; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < dot_cols; ++j) total[i][j] = lane_sum(sum[i][j]);
    }
    for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < cols; ++j) c[i * ldc + j] += total[i][j];
    }
}

// c (rows, cols) += a b^T with a: (rows, n) and b: (cols, n), both with row length n.
void dots(int64_t rows, int64_t cols, int64_t n, const float *a, const float *b, float *c,
          int64_t ldc) {
    for (int64_t j = 0; j < cols; j += dot_cols) {
        const int64_t some_cols = cols - j < dot_cols ? cols - j : dot_cols;
        const float *y[dot_cols];
        for (int64_t s = 0; s < dot_cols; ++s) y[s] = b + (j + (s < some_cols ? s : 0)) * n;
        for (int64_t i = 0; i < rows; i += dot_rows) {
            const int64_t some_rows = rows - i < dot_rows ? rows - i : dot_rows;
            const float *x[dot_rows];
            for (int64_t r = 0; r < dot_rows; ++r) x[r] = a + (i + (r < some_rows ? r : 0)) * n;
            dots_tile(n, x, y, c + i * ldc + j, ldc, some_rows, some_cols);
        }
    }
}
