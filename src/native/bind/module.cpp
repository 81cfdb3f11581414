// The Python face of the native module. Names starting with an underscore are for its own tests.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bind/array.hpp"
#include "kernels/conv.hpp"
#include "kernels/loss_class.hpp"
#include "kernels/optimizer.hpp"
#include "simd/isa.hpp"
#include "threads.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace renkei {
namespace {

nb::dict info() {
    nb::dict result;
    result["isa"] = kernels().name;
    nb::list built;
    std::string names = built_sets();
    for (size_t at = 0; at != std::string::npos && !names.empty();) {
        const size_t comma = names.find(',', at);
        built.append(names.substr(at, comma == std::string::npos ? comma : comma - at));
        at = comma == std::string::npos ? comma : comma + 1;
    }
    result["isas_built"] = built;
    result["threads"] = num_threads();
    result["compiler"] = RENKEI_COMPILER;
    result["version"] = RENKEI_VERSION;
    return result;
}

// Sums the integers below n in chunks, in chunk order, and counts the threads that took part.
// Chunks that start at or after fail_at throw; nested runs an inner loop inside each chunk.
nb::tuple probe(int64_t n, int64_t grain, int64_t fail_at, bool nested) {
    std::vector<int64_t> parts(size_t(n <= 0 ? 0 : (n - 1) / grain + 1));
    std::set<std::thread::id> threads;
    std::mutex mutex;
    {
        const nb::gil_scoped_release released;
        parallel_for(n, grain, [&](int64_t begin, int64_t end) {
            if (fail_at >= 0 && begin >= fail_at) {
                throw std::runtime_error("chunk at " + std::to_string(begin));
            }
            int64_t sum = 0;
            for (int64_t i = begin; i < end; ++i) sum += i;
            if (nested) {
                int64_t again = 0;  // no lock: a nested loop stays on its thread
                parallel_for(end - begin, 1, [&](int64_t b, int64_t) { again += begin + b; });
                sum = again;
            }
            parts[size_t(begin / grain)] = sum;
            const std::lock_guard lock(mutex);
            threads.insert(std::this_thread::get_id());
        });
    }
    int64_t total = 0;
    for (int64_t part : parts) total += part;
    return nb::make_tuple(total, threads.size());
}

void exp_into(nb::object x_, nb::object y_) {
    const Array x(x_, "_exp", "x", false), y(y_, "_exp", "y", true);
    x.want_contiguous();
    y.want_contiguous();
    y.want_shape_of(x);
    if (x.type() == Type::float32) kernels().f32.exp(x.data<float>(), y.data<float>(), x.size());
    else kernels().f64.exp(x.data<double>(), y.data<double>(), x.size());
}

}  // namespace
}  // namespace renkei

NB_MODULE(_native, m) {
    using namespace renkei;
    m.doc() = "Renkei's native kernels; reached through the kernel table, not by hand.";
    kernels();  // the instruction set is picked now, once

    m.def("info", &info, "What was built and what was picked, as a dict.");
    m.def("num_threads", &num_threads);
    m.def("set_num_threads", &set_num_threads, "count"_a);

    m.def("sgd_step", &sgd_step, "ps"_a, "gs"_a, nb::kw_only(), "lr"_a, "grad_scale"_a = 1.0);
    m.def("momentum_sgd_step", &momentum_sgd_step, "ps"_a, "gs"_a, "vs"_a, nb::kw_only(), "lr"_a,
          "momentum"_a, "grad_scale"_a = 1.0);
    m.def("adam_step", &adam_step, "ps"_a, "gs"_a, "ms"_a, "vs"_a, nb::kw_only(), "alpha_ts"_a,
          "beta1"_a, "beta2"_a, "eps"_a, "eta"_a = 1.0, "weight_decay_rate"_a = 0.0,
          "grad_scale"_a = 1.0);
    m.def("softmax_cross_entropy", &softmax_cross_entropy, "x"_a, "t"_a, "loss"_a, "log_z"_a,
          "ignore_label"_a = -1, "class_weight"_a = nb::none());
    m.def("softmax_cross_entropy_grad", &softmax_cross_entropy_grad, "x"_a, "t"_a, "log_z"_a,
          "coeff"_a, "gx"_a, "ignore_label"_a = -1, "class_weight"_a = nb::none());

    m.def("convolution", &convolution, "x"_a, "W"_a, "b"_a.none(), "y"_a, "stride"_a, "pad"_a,
          "dilate"_a, "groups"_a);
    m.def("deconvolution", &deconvolution, "x"_a, "W"_a, "b"_a.none(), "y"_a, "stride"_a, "pad"_a,
          "dilate"_a, "groups"_a);
    m.def("convolution_grad_w", &convolution_grad_w, "x"_a, "gy"_a, "gW"_a, "stride"_a, "pad"_a,
          "dilate"_a, "groups"_a);

    m.def("_probe", &probe, "n"_a, "grain"_a, "fail_at"_a = -1, "nested"_a = false);
    m.def("_exp", &exp_into, "x"_a, "y"_a);
}
