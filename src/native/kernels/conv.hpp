// Convolution with up to three spatial axes, float32, as matrix products over packed windows.
#pragma once

#include <nanobind/nanobind.h>

#include <vector>

namespace renkei {

namespace nb = nanobind;

using Sizes = std::vector<int64_t>;

// x: (n, c, *in), W: (o, c / groups, *k), b: (o,) or None; writes y: (n, o, *out).
void convolution(nb::object x, nb::object W, nb::object b, nb::object y, const Sizes &stride,
                 const Sizes &pad, const Sizes &dilate, int64_t groups);

// The adjoint. x: (n, c, *in), W: (c, o / groups, *k), b: (o,) or None; writes y: (n, o, *out).
void deconvolution(nb::object x, nb::object W, nb::object b, nb::object y, const Sizes &stride,
                   const Sizes &pad, const Sizes &dilate, int64_t groups);

// x: (n, c, *in), gy: (n, o, *out); writes gW: (o, c / groups, *k).
void convolution_grad_w(nb::object x, nb::object gy, nb::object gW, const Sizes &stride,
                        const Sizes &pad, const Sizes &dilate, int64_t groups);

}  // namespace renkei
