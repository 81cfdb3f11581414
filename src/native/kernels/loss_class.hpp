// Softmax cross entropy with integer labels.
#pragma once

#include <nanobind/nanobind.h>

namespace renkei {

namespace nb = nanobind;

// x: (n, c) or (n, c, d1, ...); t, loss, log_z: x's shape without c; class_weight: (c,) or None.
// Writes loss = (log_z - x[t]) * class_weight[t], 0 where t == ignore_label, and
// log_z = log(sum(exp(x))) over c, log(c) where t == ignore_label.
void softmax_cross_entropy(nb::object x, nb::object t, nb::object loss, nb::object log_z,
                           int64_t ignore_label, nb::object class_weight);

// Writes gx = (exp(x - log_z) - onehot(t)) * coeff * class_weight[t], 0 where t == ignore_label.
// coeff: t's shape, or one number for all.
void softmax_cross_entropy_grad(nb::object x, nb::object t, nb::object log_z, nb::object coeff,
                                nb::object gx, int64_t ignore_label, nb::object class_weight);

}  // namespace renkei
