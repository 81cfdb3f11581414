// Softmax cross entropy. With d == 1 a position is a row of c numbers; sums run over `lanes` fixed
// lanes, the last group padded with -inf. With d > 1 up to position_block neighbouring positions
// are handled together, c steps of d apart. Both orders are fixed by the shape alone.

constexpr int64_t lanes = 16;

inline float logarithm(float x) { return __builtin_logf(x); }
inline double logarithm(double x) { return __builtin_log(x); }

template <class T>
inline T minus_infinity() {
    return -T(__builtin_inff());
}

// What to subtract before exp: the largest number, where it is finite.
template <class T>
inline T offset(T top) {
    return top - top == T(0) ? top : T(0);
}

// The last, incomplete group of a row, padded; a whole one is read where it is.
template <class T>
inline const T *group(const T *row, int64_t c, int64_t k, T *padded) {
    if (k + lanes <= c) return row + k;
    for (int64_t j = 0; j < lanes; ++j) padded[j] = minus_infinity<T>();
    for (int64_t j = 0; k + j < c; ++j) padded[j] = row[k + j];
    return padded;
}

template <class T>
T log_partition(const T *row, int64_t c) {
    T top[lanes], sum[lanes], padded[lanes];
    for (int64_t j = 0; j < lanes; ++j) {
        top[j] = minus_infinity<T>();
        sum[j] = T(0);
    }
    for (int64_t k = 0; k < c; k += lanes) {
        const T *x = group(row, c, k, padded);
        for (int64_t j = 0; j < lanes; ++j) top[j] = x[j] > top[j] ? x[j] : top[j];
    }
    for (int64_t half = lanes / 2; half > 0; half /= 2) {
        for (int64_t j = 0; j < half; ++j) top[j] = top[j + half] > top[j] ? top[j + half] : top[j];
    }
    const T highest = offset(top[0]);
    for (int64_t k = 0; k < c; k += lanes) {
        const T *x = group(row, c, k, padded);
        for (int64_t j = 0; j < lanes; ++j) sum[j] += exp_one(x[j] - highest);
    }
    for (int64_t half = lanes / 2; half > 0; half /= 2) {
        for (int64_t j = 0; j < half; ++j) sum[j] += sum[j + half];
    }
    return highest + logarithm(sum[0]);
}

template <class T>
void log_partition_block(const T *x, int64_t c, int64_t d, int64_t count, T *log_z) {
    T top[position_block], sum[position_block];
    for (int64_t j = 0; j < count; ++j) {
        top[j] = minus_infinity<T>();
        sum[j] = T(0);
    }
    for (int64_t k = 0; k < c; ++k) {
        const T *row = x + k * d;
        for (int64_t j = 0; j < count; ++j) top[j] = row[j] > top[j] ? row[j] : top[j];
    }
    for (int64_t j = 0; j < count; ++j) top[j] = offset(top[j]);
    for (int64_t k = 0; k < c; ++k) {
        const T *row = x + k * d;
        for (int64_t j = 0; j < count; ++j) sum[j] += exp_one(row[j] - top[j]);
    }
    for (int64_t j = 0; j < count; ++j) log_z[j] = top[j] + logarithm(sum[j]);
}

// A unit of work: row i (d == 1), or block b of sample i (d > 1).
struct Block {
    int64_t sample, first, count;
};

inline Block block_at(int64_t unit, int64_t d) {
    if (d == 1) return {unit, 0, 1};
    const int64_t per_sample = (d + position_block - 1) / position_block;
    const int64_t sample = unit / per_sample;
    const int64_t first = unit % per_sample * position_block;
    return {sample, first, d - first < position_block ? d - first : position_block};
}

template <class T, class L>
void cross_entropy(const CrossEntropy<T, L> &a, T *loss, T *log_z, int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
        const Block b = block_at(unit, a.d);
        const T *x = a.x + b.sample * a.c * a.d + b.first;
        const int64_t out = b.sample * a.d + b.first;
        if (a.d == 1) {
            log_z[out] = log_partition(x, a.c);
        } else {
            log_partition_block(x, a.c, a.d, b.count, log_z + out);
        }
        for (int64_t j = 0; j < b.count; ++j) {
            const int64_t label = a.t[out + j];
            if (label == a.ignore_label) {  // whose scores count as zeros: they may be anything
                loss[out + j] = T(0);
                log_z[out + j] = logarithm(T(a.c));
                continue;
            }
            const T value = log_z[out + j] - x[label * a.d + j];
            loss[out + j] = a.class_weight ? value * a.class_weight[label] : value;
        }
    }
}

// gx = (softmax(x) - onehot(t)) * coeff * class_weight[t], and 0 where the label is ignored.
template <class T, class L>
void cross_entropy_grad(const CrossEntropy<T, L> &a, const T *log_z, const T *coeff,
                        int64_t coeff_step, T *__restrict gx, int64_t begin, int64_t end) {
    T scale[position_block], shift[position_block];
    for (int64_t unit = begin; unit < end; ++unit) {
        const Block b = block_at(unit, a.d);
        const int64_t out = b.sample * a.d + b.first;
        const int64_t base = b.sample * a.c * a.d + b.first;
        for (int64_t j = 0; j < b.count; ++j) {
            const int64_t label = a.t[out + j];
            const bool used = label != a.ignore_label;
            const T row = coeff[(out + j) * coeff_step];
            const T weighted = used && a.class_weight ? row * a.class_weight[label] : row;
            scale[j] = used ? weighted : T(0);
            shift[j] = log_z[out + j];
        }
        if (a.d == 1) {
            const T *x = a.x + base;
            T *y = gx + base;
            for (int64_t k = 0; k < a.c; ++k) y[k] = exp_one(x[k] - shift[0]) * scale[0];
        } else {
            for (int64_t k = 0; k < a.c; ++k) {
                const T *x = a.x + base + k * a.d;
                T *y = gx + base + k * a.d;
                for (int64_t j = 0; j < b.count; ++j) y[j] = exp_one(x[j] - shift[j]) * scale[j];
            }
        }
        for (int64_t j = 0; j < b.count; ++j) {
            const int64_t label = a.t[out + j];
            if (label == a.ignore_label) {  // not 0 * exp(x): x may be infinite there
                for (int64_t k = 0; k < a.c; ++k) gx[base + k * a.d + j] = T(0);
            } else {
                const int64_t at = base + label * a.d + j;
                gx[at] = (exp_one(a.x[at] - shift[j]) - T(1)) * scale[j];
            }
        }
    }
}
