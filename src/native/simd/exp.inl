// exp(x) without branches, so that loops over it vectorize; at most 2 ulp off for float and
// double, 0 below the smallest subnormal, inf above the largest number, NaN for NaN.
//
// x = k ln 2 + r with |r| <= ln 2 / 2: exp(x) = 2^k exp(r). Adding 1.5 * 2^23 rounds to an integer
// and leaves k in the low bits. 2^k is applied in two halves, so that subnormals come out right.

inline float exp_one(float x) {
    constexpr float shift = 12582912.0f;  // 1.5 * 2^23
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    const float shifted = x * 1.44269504088896341f + shift;
    const float k = shifted - shift;
    float r = x - k * 0.693359375f;  // ln 2 in two parts: the first product is exact
    r = r + k * 2.12194440054690583e-4f;
    float y = 1.0f / 5040.0f;
    y = y * r + 1.0f / 720.0f;
    y = y * r + 1.0f / 120.0f;
    y = y * r + 1.0f / 24.0f;
    y = y * r + 1.0f / 6.0f;
    y = y * r + 0.5f;
    y = y * (r * r) + r + 1.0f;
    uint32_t bits;
    __builtin_memcpy(&bits, &shifted, sizeof bits);
    const int32_t n = int32_t(bits - 0x4B400000u);  // k as an integer; garbage if x is NaN
    const int32_t half = n >> 1;
    const uint32_t low = uint32_t(half + 127) << 23, high = uint32_t(n - half + 127) << 23;
    float scale_low, scale_high;
    __builtin_memcpy(&scale_low, &low, sizeof low);
    __builtin_memcpy(&scale_high, &high, sizeof high);
    return y * scale_low * scale_high;
}

inline double exp_one(double x) {
    constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
    x = x < -746.0 ? -746.0 : x;
    x = x > 710.0 ? 710.0 : x;
    const double shifted = x * 1.44269504088896340736 + shift;
    const double k = shifted - shift;
    double r = x - k * 6.93147180369123816490e-01;
    r = r - k * 1.90821492927058770002e-10;
    double y = 1.0 / 6227020800.0;
    y = y * r + 1.0 / 479001600.0;
    y = y * r + 1.0 / 39916800.0;
    y = y * r + 1.0 / 3628800.0;
    y = y * r + 1.0 / 362880.0;
    y = y * r + 1.0 / 40320.0;
    y = y * r + 1.0 / 5040.0;
    y = y * r + 1.0 / 720.0;
    y = y * r + 1.0 / 120.0;
    y = y * r + 1.0 / 24.0;
    y = y * r + 1.0 / 6.0;
    y = y * r + 0.5;
    y = y * (r * r) + r + 1.0;
    uint64_t bits;
    __builtin_memcpy(&bits, &shifted, sizeof bits);
    // The low 32 bits are enough for k, and 32-bit arithmetic is what AVX2 has.
    const int32_t n = int32_t(uint32_t(bits));
    const int32_t half = n >> 1;
    const uint64_t low = uint64_t(uint32_t(half + 1023)) << 52;
    const uint64_t high = uint64_t(uint32_t(n - half + 1023)) << 52;
    double scale_low, scale_high;
    __builtin_memcpy(&scale_low, &low, sizeof low);
    __builtin_memcpy(&scale_high, &high, sizeof high);
    return y * scale_low * scale_high;
}

template <class T>
void exp_all(const T *__restrict x, T *__restrict y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) y[i] = exp_one(x[i]);
}
