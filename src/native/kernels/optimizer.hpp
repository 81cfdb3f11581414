// Optimizer steps over many parameters in one threaded pass.
#pragma once

#include <nanobind/nanobind.h>

namespace renkei {

namespace nb = nanobind;

void sgd_step(nb::list ps, nb::list gs, double lr, double grad_scale);
void momentum_sgd_step(nb::list ps, nb::list gs, nb::list vs, double lr, double momentum,
                       double grad_scale);
void adam_step(nb::list ps, nb::list gs, nb::list ms, nb::list vs, nb::list alpha_ts, double beta1,
               double beta2, double eps, double eta, double weight_decay_rate, double grad_scale);

}  // namespace renkei
