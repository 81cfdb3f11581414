#include "kernels/loss_class.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "bind/array.hpp"
#include "simd/isa.hpp"
#include "threads.hpp"

namespace renkei {
namespace {

void check_inputs(const Array &x, const Array &t, const std::optional<Array> &class_weight) {
    if (x.type() != Type::float32 && x.type() != Type::float64) {
        x.fail("must be float32 or float64");
    }
    if (t.type() != Type::int32 && t.type() != Type::int64) t.fail("must be int32 or int64");
    if (x.ndim() < 2) x.fail("must have at least two dimensions, (n, c, ...)");
    x.want_contiguous();
    t.want_contiguous();
    bool match = t.ndim() == x.ndim() - 1 && t.shape(0) == x.shape(0);
    for (int axis = 1; match && axis < t.ndim(); ++axis) match = t.shape(axis) == x.shape(axis + 1);
    if (!match) t.fail("must have the shape of x without its axis 1, x being " + x.describe());
    if (class_weight) {
        class_weight->want_type(x.type());
        class_weight->want_contiguous();
        if (class_weight->ndim() != 1 || class_weight->shape(0) != x.shape(1)) {
            class_weight->fail("must have one element per class, x being " + x.describe());
        }
    }
}

void want_like(const Array &a, Type type, const Array &shape) {
    a.want_type(type);
    a.want_contiguous();
    a.want_shape_of(shape);
}

template <class T, class L>
CrossEntropy<T, L> arguments(const Array &x, const Array &t,
                             const std::optional<Array> &class_weight, int64_t ignore_label) {
    int64_t d = 1;
    for (int axis = 2; axis < x.ndim(); ++axis) d *= x.shape(axis);
    return {x.data<T>(), t.data<L>(), class_weight ? class_weight->data<T>() : nullptr,
            x.shape(0),  x.shape(1),  d, ignore_label};
}

// Before any label is used as an index.
template <class T, class L>
void check_labels(const CrossEntropy<T, L> &a, const char *call) {
    const int64_t count = a.n * a.d;
    for (int64_t i = 0; i < count; ++i) {
        const int64_t label = a.t[i];
        if (uint64_t(label) < uint64_t(a.c) || label == a.ignore_label) continue;
        std::string where = "row " + std::to_string(i / a.d);
        if (a.d > 1) where += ", position " + std::to_string(i % a.d);
        throw nb::value_error((std::string(call) + ": label " + std::to_string(label) + " at " +
                               where + " is out of range; there are " + std::to_string(a.c) +
                               " classes (ignore_label is " + std::to_string(a.ignore_label) + ")")
                                  .c_str());
    }
}

// Units of work (rows, or blocks of positions) and how many make a chunk; by the shape alone.
template <class F>
void for_units(int64_t n, int64_t c, int64_t d, F run) {
    const int64_t blocks = d == 1 ? 1 : (d + position_block - 1) / position_block;
    const int64_t unit_elements = std::max<int64_t>(1, c * std::min(d, position_block));
    const int64_t grain = std::max<int64_t>(1, chunk_elements / 4 / unit_elements);
    const MaybeRelease released(n * c * d > chunk_elements);
    parallel_for(n * blocks, grain, run);
}

template <class T, class L>
void run_forward(const Array &x, const Array &t, const Array &loss, const Array &log_z,
                 const std::optional<Array> &class_weight, int64_t ignore_label) {
    const auto a = arguments<T, L>(x, t, class_weight, ignore_label);
    check_labels(a, "softmax_cross_entropy");
    T *loss_out = loss.data<T>(), *log_z_out = log_z.data<T>();
    const auto &kernel = float_kernels<T>();
    for_units(a.n, a.c, a.d, [&](int64_t begin, int64_t end) {
        if constexpr (sizeof(L) == 4) kernel.cross_entropy32(a, loss_out, log_z_out, begin, end);
        else kernel.cross_entropy64(a, loss_out, log_z_out, begin, end);
    });
}

template <class T, class L>
void run_gradient(const Array &x, const Array &t, const Array &log_z, const Array &coeff,
                  const Array &gx, const std::optional<Array> &class_weight,
                  int64_t ignore_label) {
    const auto a = arguments<T, L>(x, t, class_weight, ignore_label);
    check_labels(a, "softmax_cross_entropy_grad");
    const T *log_z_in = log_z.data<T>(), *coeff_in = coeff.data<T>();
    const int64_t step = coeff.ndim() == 0 ? 0 : 1;
    T *gx_out = gx.data<T>();
    const auto &kernel = float_kernels<T>();
    for_units(a.n, a.c, a.d, [&](int64_t begin, int64_t end) {
        if constexpr (sizeof(L) == 4) {
            kernel.cross_entropy_grad32(a, log_z_in, coeff_in, step, gx_out, begin, end);
        } else {
            kernel.cross_entropy_grad64(a, log_z_in, coeff_in, step, gx_out, begin, end);
        }
    });
}

void open_weight(std::optional<Array> &array, const char *call, nb::handle object) {
    if (!object.is_none()) array.emplace(object, call, "class_weight", false);
}

}  // namespace

void softmax_cross_entropy(nb::object x_, nb::object t_, nb::object loss_, nb::object log_z_,
                           int64_t ignore_label, nb::object class_weight_) {
    const char *call = "softmax_cross_entropy";
    const Array x(x_, call, "x", false), t(t_, call, "t", false);
    const Array loss(loss_, call, "loss", true), log_z(log_z_, call, "log_z", true);
    std::optional<Array> weight;
    open_weight(weight, call, class_weight_);
    check_inputs(x, t, weight);
    want_like(loss, x.type(), t);
    want_like(log_z, x.type(), t);
    std::vector<Span> spans{{x.begin(), x.end(), false},
                            {t.begin(), t.end(), false},
                            {loss.begin(), loss.end(), true},
                            {log_z.begin(), log_z.end(), true}};
    if (weight) spans.push_back({weight->begin(), weight->end(), false});
    refuse_overlap(call, spans);
    const bool wide = t.type() == Type::int64;
    if (x.type() == Type::float32) {
        if (wide) run_forward<float, int64_t>(x, t, loss, log_z, weight, ignore_label);
        else run_forward<float, int32_t>(x, t, loss, log_z, weight, ignore_label);
    } else {
        if (wide) run_forward<double, int64_t>(x, t, loss, log_z, weight, ignore_label);
        else run_forward<double, int32_t>(x, t, loss, log_z, weight, ignore_label);
    }
}

void softmax_cross_entropy_grad(nb::object x_, nb::object t_, nb::object log_z_, nb::object coeff_,
                                nb::object gx_, int64_t ignore_label, nb::object class_weight_) {
    const char *call = "softmax_cross_entropy_grad";
    const Array x(x_, call, "x", false), t(t_, call, "t", false);
    const Array log_z(log_z_, call, "log_z", false), coeff(coeff_, call, "coeff", false);
    const Array gx(gx_, call, "gx", true);
    std::optional<Array> weight;
    open_weight(weight, call, class_weight_);
    check_inputs(x, t, weight);
    want_like(log_z, x.type(), t);
    coeff.want_type(x.type());
    if (coeff.ndim() > 0) want_like(coeff, x.type(), t);
    want_like(gx, x.type(), x);
    std::vector<Span> spans{{x.begin(), x.end(), false},
                            {t.begin(), t.end(), false},
                            {log_z.begin(), log_z.end(), false},
                            {coeff.begin(), coeff.end(), false},
                            {gx.begin(), gx.end(), true}};
    if (weight) spans.push_back({weight->begin(), weight->end(), false});
    refuse_overlap(call, spans);
    const bool wide = t.type() == Type::int64;
    if (x.type() == Type::float32) {
        if (wide) run_gradient<float, int64_t>(x, t, log_z, coeff, gx, weight, ignore_label);
        else run_gradient<float, int32_t>(x, t, log_z, coeff, gx, weight, ignore_label);
    } else {
        if (wide) run_gradient<double, int64_t>(x, t, log_z, coeff, gx, weight, ignore_label);
        else run_gradient<double, int32_t>(x, t, log_z, coeff, gx, weight, ignore_label);
    }
}

}  // namespace renkei
