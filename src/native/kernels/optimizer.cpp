#include "kernels/optimizer.hpp"

#include <algorithm>
#include <array>
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
        columns_.emplace_back();
        written_.push_back(written);
        for (size_t i = 0; i < objects.size(); ++i) {
            columns_.back().emplace_back(objects[i], call_,
                                         std::string(name) + "[" + std::to_string(i) + "]", written);
        }
    }

    // Types, shapes and overlap; finds out which parameters are plain: all their arrays dense
    // runs with the elements in the same order.
    void check() {
        std::vector<Span> dense, all;
        for (size_t i = 0; i < count(); ++i) {
            const Array &p = columns_[0][i];
            if (p.type() != Type::float32 && p.type() != Type::float64) {
                p.fail("must be float32 or float64");
            }
            p.want_type(columns_[0][0].type());
            bool plain = p.dense() && p.aligned();
            for (size_t k = 0; k < columns_.size(); ++k) {
                const Array &a = columns_[k][i];
                a.want_type(p.type());
                a.want_shape_of(p);
                plain = plain && a.same_layout(p) && a.aligned();
                const Span span{a.begin(), a.end(), bool(written_[k])};
                all.push_back(span);
                if (a.dense()) dense.push_back(span);
            }
            plain_.push_back(plain);
        }
        refuse_overlap(call_, dense);
        // Strided arrays may interleave without sharing an element: one thread, to be sure.
        serial_ = dense.size() != all.size() && overlap(all);
    }

    size_t count() const { return columns_[0].size(); }
    Type type() const { return count() ? columns_[0][0].type() : Type::float32; }

    // Calls update(i, n, pointers to the n elements of p, g, ...) for pieces of all parameters.
    template <class T, size_t K, class F>
    void for_pieces(F update) const {
        std::vector<int64_t> starts{0};  // starts[i]: elements before parameter i
        for (const Array &p : columns_[0]) starts.push_back(starts.back() + p.size());
        const int64_t total = starts.back();
        const MaybeRelease released(total > chunk_elements);
        const auto run = [&](int64_t begin, int64_t end) {
            const auto above = std::upper_bound(starts.begin(), starts.end(), begin);
            for (size_t i = size_t(above - starts.begin()) - 1; begin < end; ++i) {
                const int64_t stop = std::min(end, starts[i + 1]);
                if (stop > begin && plain_[i]) {
                    std::array<T *, K> at;
                    for (size_t k = 0; k < K; ++k) {
                        at[k] = columns_[k][i].template data<T>() + (begin - starts[i]);
                    }
                    update(i, stop - begin, at);
                } else if (stop > begin) {
                    packed<T, K>(i, begin - starts[i], stop - begin, update);
                }
                begin = stop;
            }
        };
        parallel_for(total, serial_ ? total : chunk_elements, run);
    }

private:
    // The same for strided arrays: through small buffers.
    template <class T, size_t K, class F>
    void packed(size_t i, int64_t first, int64_t n, const F &update) const {
        constexpr int64_t room = 512;
        T buffer[K][room];
        std::array<T *, K> at;
        for (size_t k = 0; k < K; ++k) at[k] = buffer[k];
        for (int64_t done = 0; done < n; done += room) {
            const int64_t part = std::min(room, n - done);
            for (size_t k = 0; k < K; ++k) columns_[k][i].gather(first + done, part, at[k]);
            update(i, part, at);
            for (size_t k = 0; k < K; ++k) {
                if (written_[k]) columns_[k][i].scatter(first + done, part, at[k]);
            }
        }
    }

    const char *call_;
    std::deque<std::deque<Array>> columns_;  // deques: an Array stays where it was made
    std::vector<bool> written_, plain_;
    bool serial_ = false;
};

template <class T>
void run_sgd(const Columns &columns, double lr, double grad_scale) {
    const auto &kernel = float_kernels<T>();
    columns.for_pieces<T, 2>([&](size_t, int64_t n, const std::array<T *, 2> &a) {
        kernel.sgd(a[0], a[1], n, T(lr), T(grad_scale));
    });
}

template <class T>
void run_momentum_sgd(const Columns &columns, double lr, double momentum, double grad_scale) {
    const auto &kernel = float_kernels<T>();
    columns.for_pieces<T, 3>([&](size_t, int64_t n, const std::array<T *, 3> &a) {
        kernel.momentum_sgd(a[0], a[1], a[2], n, T(lr), T(momentum), T(grad_scale));
    });
}

template <class T>
void run_adam(const Columns &columns, const AdamScalars<double> &s,
              const std::vector<double> &alpha_ts) {
    const auto &kernel = float_kernels<T>();
    columns.for_pieces<T, 4>([&](size_t i, int64_t n, const std::array<T *, 4> &a) {
        const AdamScalars<T> scalars{T(alpha_ts[i]), T(s.one_minus_beta1),
                                     T(s.one_minus_beta2), T(s.eps),
                                     T(s.eta), T(s.weight_decay_rate),
                                     T(s.grad_scale)};
        kernel.adam(a[0], a[1], a[2], a[3], n, scalars);
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
