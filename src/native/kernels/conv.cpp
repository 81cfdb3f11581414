#include "kernels/conv.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "bind/array.hpp"
#include "simd/isa.hpp"
#include "threads.hpp"

namespace renkei {
namespace {

constexpr int axes = 3;                  // fewer are filled up with axes of size 1 in front
constexpr int64_t block_bytes = 1 << 18;  // what is packed at a time: half of a second-level cache
constexpr int64_t depth_block = 256;      // terms of the sums in one pass
constexpr int64_t lane_multiple = 16;     // dots wants rows of a multiple of this

struct Windows {
    int64_t channels;  // of one group
    int64_t in[axes], k[axes], stride[axes], pad[axes], dilate[axes], out[axes];

    int64_t places() const { return out[0] * out[1] * out[2]; }
    int64_t volume() const { return in[0] * in[1] * in[2]; }
    int64_t kernel() const { return k[0] * k[1] * k[2]; }
    int64_t depth() const { return channels * kernel(); }
};

// A run of places in one row of the output: where it starts, in the output and in what is packed.
struct Segment {
    int64_t at, length, place[axes];
};

void segments_of(const Windows &w, int64_t first, int64_t count, std::vector<Segment> &result) {
    result.clear();
    for (int64_t at = 0; at < count;) {
        const int64_t place = first + at, x = place % w.out[2], row = place / w.out[2];
        const int64_t length = std::min(w.out[2] - x, count - at);
        result.push_back({at, length, {row / w.out[1], row % w.out[1], x}});
        at += length;
    }
}

// Where row `term` of the unrolled windows reads: its channel and its offset along each axis.
struct Term {
    int64_t channel, offset[axes];

    Term(const Windows &w, int64_t term) {
        int64_t rest = term;
        for (int a = axes - 1; a >= 0; --a) {
            offset[a] = rest % w.k[a] * w.dilate[a] - w.pad[a];
            rest /= w.k[a];
        }
        channel = rest;
    }
    // The start of the input row that a segment reads, or -1 if it lies outside.
    int64_t row(const Windows &w, const Segment &s) const {
        int64_t at = channel;
        for (int a = 0; a < axes - 1; ++a) {
            const int64_t i = s.place[a] * w.stride[a] + offset[a];
            if (i < 0 || i >= w.in[a]) return -1;
            at = at * w.in[a] + i;
        }
        return at * w.in[axes - 1];
    }
    int64_t column(const Windows &w, const Segment &s) const {
        return s.place[axes - 1] * w.stride[axes - 1] + offset[axes - 1];
    }
};

std::vector<Term> terms_of(const Windows &w) {
    std::vector<Term> terms;
    terms.reserve(size_t(w.depth()));
    for (int64_t t = 0; t < w.depth(); ++t) terms.emplace_back(w, t);
    return terms;
}

void copy_segment(const Windows &w, const float *x, const Term &term, const Segment &s, float *to) {
    const int64_t row = term.row(w, s), width = w.in[axes - 1], step = w.stride[axes - 1];
    if (row < 0) {
        std::fill_n(to, s.length, 0.f);
        return;
    }
    const int64_t start = term.column(w, s);
    if (step == 1) {
        const int64_t low = std::clamp<int64_t>(-start, 0, s.length);
        const int64_t high = std::clamp<int64_t>(width - start, low, s.length);
        std::fill_n(to, low, 0.f);
        std::copy(x + row + start + low, x + row + start + high, to + low);
        std::fill(to + high, to + s.length, 0.f);
        return;
    }
    for (int64_t i = 0; i < s.length; ++i) {
        const int64_t column = start + i * step;
        to[i] = column >= 0 && column < width ? x[row + column] : 0.f;
    }
}

// Some terms of the windows at places [first, first + count), in panels (terms, tile_cols)
// with zeros behind the last place.
void pack_windows(const Windows &w, const float *x, const Term *term, int64_t terms, int64_t first,
                  int64_t count, int64_t tile_cols, std::vector<Segment> &segments, float *to) {
    for (int64_t j = 0; j < count; j += tile_cols, to += terms * tile_cols) {
        const int64_t cols = std::min(tile_cols, count - j);
        segments_of(w, first + j, cols, segments);
        for (int64_t t = 0; t < terms; ++t) {
            float *row = to + t * tile_cols;
            for (const Segment &s : segments) copy_segment(w, x, term[t], s, row + s.at);
            std::fill(row + cols, row + tile_cols, 0.f);
        }
    }
}

// a (rows, k), element (i, p) at a[i * row_step + p * k_step], in blocks of depth_block terms, each
// in panels (terms, tile_rows) with zeros behind the last row.
std::vector<float> pack_left(const float *a, int64_t rows, int64_t k, int64_t row_step,
                             int64_t k_step, int64_t tile_rows) {
    const int64_t padded = (rows + tile_rows - 1) / tile_rows * tile_rows;
    std::vector<float> packed(size_t(padded * k));
    float *to = packed.data();
    for (int64_t p0 = 0; p0 < k; p0 += depth_block) {
        const int64_t terms = std::min(depth_block, k - p0);
        for (int64_t i0 = 0; i0 < padded; i0 += tile_rows) {
            for (int64_t p = 0; p < terms; ++p) {
                for (int64_t r = 0; r < tile_rows; ++r) {
                    const int64_t i = i0 + r;
                    *to++ = i < rows ? a[i * row_step + (p0 + p) * k_step] : 0.f;
                }
            }
        }
    }
    return packed;
}

int64_t rounded(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// How many places are packed at a time: whole panels, depending on shapes alone.
int64_t place_block(int64_t terms, int64_t places, int64_t multiple) {
    const int64_t fit = block_bytes / int64_t(sizeof(float)) / std::max<int64_t>(1, terms);
    return std::min(rounded(places, multiple), std::max(multiple, fit / multiple * multiple));
}

std::vector<float> &scratch(size_t slot, size_t size) {
    thread_local std::vector<float> memory[2];
    if (memory[slot].size() < size) memory[slot].resize(size);
    return memory[slot];
}

// y (n, groups * o, places) = bias + W * windows(x), with W: (groups, o, depth) by left(group).
template <class Left>
void forward(const Windows &w, const float *x, Left &&left, const float *bias, float *y, int64_t n,
             int64_t groups, int64_t o) {
    const ProductKernels &kernel = kernels().products;
    const int64_t depth = w.depth(), places = w.places();
    const int64_t terms_at_once = std::min(depth, depth_block);
    const int64_t block = place_block(terms_at_once, places, kernel.tile_cols);
    const int64_t blocks = (places + block - 1) / block;
    std::vector<std::vector<float>> packed;
    for (int64_t g = 0; g < groups; ++g) packed.push_back(left(g));
    const int64_t padded = rounded(o, kernel.tile_rows);
    const std::vector<Term> all = terms_of(w);
    parallel_for(n * groups * blocks, 1, [&](int64_t begin, int64_t end) {
        std::vector<Segment> segments;
        float *panels = scratch(0, size_t(terms_at_once * block)).data();
        for (int64_t task = begin; task < end; ++task) {
            const int64_t image = task / blocks, first = task % blocks * block;
            const int64_t g = image % groups, count = std::min(block, places - first);
            const float *from = x + image * w.channels * w.volume();
            for (int64_t t = 0; t < depth; t += depth_block) {
                const int64_t terms = std::min(depth_block, depth - t);
                pack_windows(w, from, &all[size_t(t)], terms, first, count, kernel.tile_cols, segments,
                             panels);
                kernel.product(o, count, terms, packed[size_t(g)].data() + t * padded, panels,
                               y + image * o * places + first, places,
                               bias && t == 0 ? bias + g * o : nullptr, t > 0);
            }
        }
    });
}

// Adds unrolled windows (depth, count) at places [first, first + count) to x.
void fold(const Windows &w, const std::vector<Term> &terms, const float *col, int64_t first,
          int64_t count, std::vector<Segment> &segments, float *x) {
    segments_of(w, first, count, segments);
    const int64_t width = w.in[axes - 1], step = w.stride[axes - 1];
    for (int64_t t = 0; t < w.depth(); ++t) {
        const Term &term = terms[size_t(t)];
        for (const Segment &s : segments) {
            const int64_t row = term.row(w, s), start = term.column(w, s);
            if (row < 0) continue;
            const float *from = col + t * count + s.at;
            for (int64_t i = 0; i < s.length; ++i) {
                const int64_t column = start + i * step;
                if (column >= 0 && column < width) x[row + column] += from[i];
            }
        }
    }
}

// x (n, groups * channels, volume) = bias + fold(W^T y): the windows are those of the convolution
// from x to y, W: (groups, o, depth).
void backward(const Windows &w, const float *y, const float *W, const float *bias, float *x,
              int64_t n, int64_t groups, int64_t o) {
    const ProductKernels &kernel = kernels().products;
    const int64_t depth = w.depth(), places = w.places();
    const int64_t block = place_block(depth, places, kernel.tile_cols);
    std::vector<std::vector<float>> packed;
    for (int64_t g = 0; g < groups; ++g) {
        packed.push_back(pack_left(W + g * o * depth, depth, o, 1, depth, kernel.tile_rows));
    }
    const int64_t padded = rounded(depth, kernel.tile_rows);
    const Windows whole{o, {1, 1, places}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {1, 1, 1}, {1, 1, places}};
    const std::vector<Term> terms_x = terms_of(w), terms_y = terms_of(whole);
    parallel_for(n * groups, 1, [&](int64_t begin, int64_t end) {
        std::vector<Segment> segments;
        float *panels = scratch(0, size_t(depth_block * block)).data();
        float *col = scratch(1, size_t(depth * block)).data();
        for (int64_t image = begin; image < end; ++image) {
            const int64_t g = image % groups;
            float *to = x + image * w.channels * w.volume();
            for (int64_t c = 0; c < w.channels; ++c) {
                std::fill_n(to + c * w.volume(), w.volume(), bias ? bias[g * w.channels + c] : 0.f);
            }
            for (int64_t first = 0; first < places; first += block) {
                const int64_t count = std::min(block, places - first);
                for (int64_t t = 0; t < o; t += depth_block) {
                    const int64_t terms = std::min(depth_block, o - t);
                    pack_windows(whole, y + image * o * places, &terms_y[size_t(t)], terms, first, count,
                                 kernel.tile_cols, segments, panels);
                    kernel.product(depth, count, terms, packed[size_t(g)].data() + t * padded,
                                   panels, col, count, nullptr, t > 0);
                }
                fold(w, terms_x, col, first, count, segments, to);
            }
        }
    });
}

// Fills rows of `length` with the terms [term0, term0 + terms) of the windows, or (terms, o) with the
// output's gradient, at places [at, at + total), counted over the images of one group.
struct RowPacker {
    const Windows &w;
    const std::vector<Term> &all;
    int64_t groups, g, o;
    std::vector<Segment> segments;

    template <class Fill>
    void rows(int64_t at, int64_t total, int64_t length, int64_t count, float *to, Fill &&fill) {
        for (int64_t done = 0; done < total;) {
            const int64_t image = (at + done) / w.places(), place = (at + done) % w.places();
            const int64_t some = std::min(w.places() - place, total - done);
            fill(image * groups + g, place, some, to + done);
            done += some;
        }
        for (int64_t i = 0; i < count; ++i) {
            std::fill(to + i * length + total, to + (i + 1) * length, 0.f);
        }
    }
    void windows(const float *x, int64_t term0, int64_t terms, int64_t at, int64_t total,
                 int64_t length, float *to) {
        rows(at, total, length, terms, to, [&](int64_t image, int64_t place, int64_t some, float *dst) {
            segments_of(w, place, some, segments);
            const float *from = x + image * w.channels * w.volume();
            for (int64_t t = 0; t < terms; ++t) {
                for (const Segment &s : segments) {
                    copy_segment(w, from, all[size_t(term0 + t)], s, dst + t * length + s.at);
                }
            }
        });
    }
    void gradient(const float *gy, int64_t at, int64_t total, int64_t length, float *to) {
        rows(at, total, length, o, to, [&](int64_t image, int64_t place, int64_t some, float *dst) {
            for (int64_t i = 0; i < o; ++i) {
                std::copy_n(gy + (image * o + i) * w.places() + place, some, dst + i * length);
            }
        });
    }
};

// gW (groups, o, depth): sums over images run in chunks fixed by the shapes and combined in order.
// Places of several images stand side by side, so that small images fill a block too.
void grad_w(const Windows &w, const float *x, const float *gy, float *gW, int64_t n, int64_t groups,
            int64_t o) {
    const ProductKernels &kernel = kernels().products;
    const int64_t depth = w.depth(), places = w.places(), size = o * depth;
    const int64_t chunk = std::max<int64_t>(1, (n + 7) / 8), chunks = (n + chunk - 1) / chunk;
    // Long rows rather than many: each sum over a row ends in a sum over lanes.
    const int64_t terms_at_once = std::min<int64_t>(depth, 96);
    const int64_t blocks = (depth + terms_at_once - 1) / terms_at_once;
    const int64_t block = place_block((terms_at_once + o) / 2, chunk * places, lane_multiple);
    const std::vector<Term> all = terms_of(w);
    std::vector<float> parts(size_t(groups * chunks * size));
    parallel_for(groups * chunks * blocks, 1, [&](int64_t begin, int64_t end) {
        float *col = scratch(0, size_t((terms_at_once + o) * block)).data();
        float *rows = col + terms_at_once * block;
        for (int64_t task = begin; task < end; ++task) {
            const int64_t t = task % blocks * terms_at_once, part = task / blocks;
            const int64_t first = part % chunks * chunk * places;
            const int64_t last = std::min(n * places, first + chunk * places);
            const int64_t terms = std::min(terms_at_once, depth - t);
            RowPacker packer{w, all, groups, part / chunks, o, {}};
            for (int64_t at = first; at < last; at += block) {
                const int64_t total = std::min(block, last - at);
                const int64_t length = rounded(total, lane_multiple);
                packer.windows(x, t, terms, at, total, length, col);
                packer.gradient(gy, at, total, length, rows);
                kernel.dots(o, terms, length, rows, col, parts.data() + part * size + t, depth);
            }
        }
    });
    for (int64_t g = 0; g < groups; ++g) {
        float *to = gW + g * size;
        std::fill_n(to, size, 0.f);
        for (int64_t c = 0; c < chunks; ++c) {
            const float *part = parts.data() + (g * chunks + c) * size;
            for (int64_t i = 0; i < size; ++i) to[i] += part[i];
        }
    }
}

// ---- checks -----------------------------------------------------------------------------------

void check_sizes(const char *call, const char *name, const Sizes &sizes, size_t count, int64_t least) {
    bool good = sizes.size() == count;
    for (int64_t size : sizes) good = good && size >= least && size < (int64_t(1) << 31);
    if (!good) {
        throw nb::value_error((std::string(call) + ": " + name + " must be " + std::to_string(count) +
                               " numbers of at least " + std::to_string(least))
                                  .c_str());
    }
}

Windows windows_of(const char *call, const Array &x, const Array &W, const Array &y,
                   const Sizes &stride, const Sizes &pad, const Sizes &dilate, int64_t groups) {
    for (const Array *a : {&x, &W, &y}) {
        a->want_type(Type::float32);
        a->want_contiguous();
        if (a->ndim() < 3 || a->ndim() > 2 + axes || a->ndim() != x.ndim()) {
            a->fail("must have 3 to 5 axes, as many as x");
        }
    }
    const size_t count = size_t(x.ndim() - 2);
    check_sizes(call, "stride", stride, count, 1);
    check_sizes(call, "pad", pad, count, 0);
    check_sizes(call, "dilate", dilate, count, 1);
    const bool fits = groups >= 1 && x.shape(1) % groups == 0 && W.shape(0) % groups == 0 &&
                      W.shape(1) == x.shape(1) / groups && y.shape(1) == W.shape(0) &&
                      y.shape(0) == x.shape(0);
    if (!fits) W.fail("must fit x being " + x.describe() + " and y being " + y.describe());
    Windows w{};
    w.channels = W.shape(1);
    for (int a = 0; a < axes; ++a) {
        const int i = a - (axes - int(count));
        w.in[a] = i < 0 ? 1 : x.shape(2 + i);
        w.k[a] = i < 0 ? 1 : W.shape(2 + i);
        w.out[a] = i < 0 ? 1 : y.shape(2 + i);
        w.stride[a] = i < 0 ? 1 : stride[size_t(i)];
        w.pad[a] = i < 0 ? 0 : pad[size_t(i)];
        w.dilate[a] = i < 0 ? 1 : dilate[size_t(i)];
    }
    return w;
}

const float *bias_of(const char *call, nb::object b, int64_t channels, std::optional<Array> &bias) {
    if (b.is_none()) return nullptr;
    bias.emplace(b, call, "b", false);
    bias->want_type(Type::float32);
    bias->want_contiguous();
    if (bias->ndim() != 1 || bias->shape(0) != channels) bias->fail("must have one number a channel");
    return bias->data<float>();
}

bool nothing_to_do(const Array &y) { return y.size() == 0; }

}  // namespace

void convolution(nb::object x_, nb::object W_, nb::object b_, nb::object y_, const Sizes &stride,
                 const Sizes &pad, const Sizes &dilate, int64_t groups) {
    const char *call = "convolution";
    const Array x(x_, call, "x", false), W(W_, call, "W", false), y(y_, call, "y", true);
    const Windows w = windows_of(call, x, W, y, stride, pad, dilate, groups);
    std::optional<Array> bias;
    const float *offsets = bias_of(call, b_, y.shape(1), bias);
    refuse_overlap(call, {{x.begin(), x.end(), false}, {W.begin(), W.end(), false}, {y.begin(), y.end(), true}});
    if (nothing_to_do(y)) return;
    const int64_t o = W.shape(0) / groups, depth = w.depth();
    const float *weights = W.data<float>();
    const int64_t tile_rows = kernels().products.tile_rows;
    const MaybeRelease release(true);
    forward(w, x.data<float>(),
            [&](int64_t g) { return pack_left(weights + g * o * depth, o, depth, depth, 1, tile_rows); },
            offsets, y.data<float>(), x.shape(0), groups, o);
}

void deconvolution(nb::object x_, nb::object W_, nb::object b_, nb::object y_, const Sizes &stride,
                   const Sizes &pad, const Sizes &dilate, int64_t groups) {
    const char *call = "deconvolution";
    const Array x(x_, call, "x", false), W(W_, call, "W", false), y(y_, call, "y", true);
    // The windows of the convolution that takes y to x.
    const Windows w = windows_of(call, y, W, x, stride, pad, dilate, groups);
    std::optional<Array> bias;
    const float *offsets = bias_of(call, b_, y.shape(1), bias);
    refuse_overlap(call, {{x.begin(), x.end(), false}, {W.begin(), W.end(), false}, {y.begin(), y.end(), true}});
    if (nothing_to_do(y)) return;
    const int64_t o = W.shape(0) / groups, kernel = w.kernel();
    const float *weights = W.data<float>();
    const MaybeRelease release(true);
    if (w.stride[0] != 1 || w.stride[1] != 1 || w.stride[2] != 1) {
        backward(w, x.data<float>(), weights, offsets, y.data<float>(), x.shape(0), groups, o);
        return;
    }
    // With stride 1 it is a convolution with the kernel turned round.
    Windows turned = w;
    turned.channels = o;
    for (int a = 0; a < axes; ++a) {
        turned.in[a] = w.out[a];
        turned.out[a] = w.in[a];
        turned.pad[a] = (w.k[a] - 1) * w.dilate[a] - w.pad[a];
    }
    const int64_t tile_rows = kernels().products.tile_rows, channels = w.channels;
    auto left = [&](int64_t g) {
        std::vector<float> around(size_t(channels * o * kernel));  // (channels, o, kernel reversed)
        for (int64_t i = 0; i < o; ++i) {
            for (int64_t c = 0; c < channels; ++c) {
                const float *from = weights + ((g * o + i) * channels + c) * kernel;
                std::reverse_copy(from, from + kernel, around.data() + (c * o + i) * kernel);
            }
        }
        return pack_left(around.data(), channels, o * kernel, o * kernel, 1, tile_rows);
    };
    forward(turned, x.data<float>(), left, offsets, y.data<float>(), x.shape(0), groups, channels);
}

void convolution_grad_w(nb::object x_, nb::object gy_, nb::object gW_, const Sizes &stride,
                        const Sizes &pad, const Sizes &dilate, int64_t groups) {
    const char *call = "convolution_grad_w";
    const Array x(x_, call, "x", false), gy(gy_, call, "gy", false), gW(gW_, call, "gW", true);
    const Windows w = windows_of(call, x, gW, gy, stride, pad, dilate, groups);
    refuse_overlap(call, {{x.begin(), x.end(), false}, {gy.begin(), gy.end(), false}, {gW.begin(), gW.end(), true}});
    if (nothing_to_do(gW)) return;
    const MaybeRelease release(true);
    grad_w(w, x.data<float>(), gy.data<float>(), gW.data<float>(), x.shape(0), groups,
           gW.shape(0) / groups);
}

}  // namespace renkei
