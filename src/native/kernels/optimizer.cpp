#include "kernels/optimizer.hpp"

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "bind/array.hpp"
#include "simd/isa.hpp"
#include "threads.hpp"

namespace renkei {
namespace {

// Columns of arrays: columns[k][i] is the k-th array (p, g, state ...) of parameter i.
class Columns {
public:
    explicit Columns(const char *call) : call_(call) {}

    void add(const char *name, const nb::list &objects, bool written) {
        if (!columns_.empty() && objects.size() != count()) {
            throw nb::value_error((std::string(call_) + ": got " + std::to_string(count()) +
                                   " parameters and " + std::to_string(objects.size()) + " " + name)
                                      .c_str());
        }
        auto &column = columns_.emplace_back();
        for (size_t i = 0; i < objects.size(); ++i) {
            column.emplace_back(objects[i], call_, std::string(name) + "[" + std::to_string(i) + "]",
                                written);
            const Array &array = column.back();
            spans_.push_back({array.begin(), array.end(), written});
        }
    }

    // After this, every array of parameter i is one dense run with the elements in the same order.
    void check() {
        for (size_t i = 0; i < count(); ++i) {
            const Array &p = columns_[0][i];
            if (p.type() != Type::float32 && p.type() != Type::float64) {
                p.fail("must be float32 or float64");
            }
            p.want_type(columns_[0][0].type());
            if (!p.dense()) p.fail("must be dense (its elements one run of memory)");
            for (size_t k = 1; k < columns_.size(); ++k) {
                const Array &a = columns_[k][i];
                a.want_type(p.type());
                a.want_shape_of(p);
                if (!a.same_layout(p)) a.fail("must have the strides of the parameter");
            }
        }
        check_overlap(call_, spans_);
    }

    size_t count() const { return columns_[0].size(); }
    Type type() const { return count() ? columns_[0][0].type() : Type::float32; }

    template <class T>
    std::vector<T *> pointers(size_t k) const {
        std::vector<T *> result;
        for (const Array &array : columns_[k]) result.push_back(array.data<T>());
        return result;
    }

    // starts[i]: elements before parameter i.
    std::vector<int64_t> starts() const {
        std::vector<int64_t> result{0};
        for (const Array &array : columns_[0]) result.push_back(result.back() + array.size());
        return result;
    }

private:
    const char *call_;
    std::deque<std::deque<Array>> columns_;  // deques: an Array stays where it was made
    std::vector<Span> spans_;
};

// Calls run(i, offset, n) for the pieces of all parameters, cut at multiples of chunk_elements.
template <class F>
void for_pieces(const std::vector<int64_t> &starts, F run) {
    const int64_t total = starts.back();
    const MaybeRelease released(total > chunk_elements);
    parallel_for(total, chunk_elements, [&](int64_t begin, int64_t end) {
        size_t i = size_t(std::upper_bound(starts.begin(), starts.end(), begin) - starts.begin()) - 1;
        while (begin < end) {
            const int64_t stop = std::min(end, starts[i + 1]);
            if (stop > begin) run(i, begin - starts[i], stop - begin);
            begin = stop;
            ++i;
        }
    });
}

template <class T>
void run_sgd(const Columns &columns, double lr, double grad_scale) {
    const auto p = columns.pointers<T>(0), g = columns.pointers<T>(1);
    const auto &kernel = float_kernels<T>();
    for_pieces(columns.starts(), [&](size_t i, int64_t at, int64_t n) {
        kernel.sgd(p[i] + at, g[i] + at, n, T(lr), T(grad_scale));
    });
}

template <class T>
void run_momentum_sgd(const Columns &columns, double lr, double momentum, double grad_scale) {
    const auto p = columns.pointers<T>(0), g = columns.pointers<T>(1), v = columns.pointers<T>(2);
    const auto &kernel = float_kernels<T>();
    for_pieces(columns.starts(), [&](size_t i, int64_t at, int64_t n) {
        kernel.momentum_sgd(p[i] + at, g[i] + at, v[i] + at, n, T(lr), T(momentum), T(grad_scale));
    });
}

template <class T>
void run_adam(const Columns &columns, const AdamScalars<double> &s,
              const std::vector<double> &alpha_ts) {
    const auto p = columns.pointers<T>(0), g = columns.pointers<T>(1);
    const auto m = columns.pointers<T>(2), v = columns.pointers<T>(3);
    const auto &kernel = float_kernels<T>();
    for_pieces(columns.starts(), [&](size_t i, int64_t at, int64_t n) {
        const AdamScalars<T> scalars{T(alpha_ts[i]), T(s.one_minus_beta1),
                                     T(s.one_minus_beta2), T(s.eps),
                                     T(s.eta), T(s.weight_decay_rate),
                                     T(s.grad_scale)};
        kernel.adam(p[i] + at, g[i] + at, m[i] + at, v[i] + at, n, scalars);
    });
}

}  // namespace

void sgd_step(nb::list ps, nb::list gs, double lr, double grad_scale) {
    Columns columns("sgd_step");
    columns.add("ps", ps, true);
    columns.add("gs", gs, false);
    columns.check();
    if (columns.type() == Type::float32) run_sgd<float>(columns, lr, grad_scale);
    else run_sgd<double>(columns, lr, grad_scale);
}

void momentum_sgd_step(nb::list ps, nb::list gs, nb::list vs, double lr, double momentum,
                       double grad_scale) {
    Columns columns("momentum_sgd_step");
    columns.add("ps", ps, true);
    columns.add("gs", gs, false);
    columns.add("vs", vs, true);
    columns.check();
    if (columns.type() == Type::float32) run_momentum_sgd<float>(columns, lr, momentum, grad_scale);
    else run_momentum_sgd<double>(columns, lr, momentum, grad_scale);
}

void adam_step(nb::list ps, nb::list gs, nb::list ms, nb::list vs, nb::list alpha_ts, double beta1,
               double beta2, double eps, double eta, double weight_decay_rate, double grad_scale) {
    Columns columns("adam_step");
    columns.add("ps", ps, true);
    columns.add("gs", gs, false);
    columns.add("ms", ms, true);
    columns.add("vs", vs, true);
    columns.check();
    std::vector<double> alphas;
    for (nb::handle alpha : alpha_ts) alphas.push_back(nb::cast<double>(alpha));
    if (alphas.size() != columns.count()) {
        throw nb::value_error(("adam_step: got " + std::to_string(columns.count()) +
                               " parameters and " + std::to_string(alphas.size()) + " alpha_ts")
                                  .c_str());
    }
    const AdamScalars<double> scalars{0,   1 - beta1,         1 - beta2, eps,
                                      eta, weight_decay_rate, grad_scale};
    if (columns.type() == Type::float32) run_adam<float>(columns, scalars, alphas);
    else run_adam<double>(columns, scalars, alphas);
}

}  // namespace renkei
