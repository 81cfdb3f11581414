// The one thread pool of the process.
//
// Work is cut into chunks whose borders depend on the shapes only (n and grain), never on the
// number of threads, so that results do not depend on it either: whoever combines partial results
// combines them in chunk order.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

namespace renkei {

// A borrowed callable: no allocation, valid for the duration of the call.
class ChunkFunction {
public:
    template <class F, class = std::enable_if_t<!std::is_same_v<std::decay_t<F>, ChunkFunction>>>
    ChunkFunction(F &&f)
        : object_(const_cast<void *>(static_cast<const void *>(&f))),
          call_([](void *object, int64_t begin, int64_t end) {
              (*static_cast<std::remove_reference_t<F> *>(object))(begin, end);
          }) {}
    void operator()(int64_t begin, int64_t end) const { call_(object_, begin, end); }

private:
    void *object_;
    void (*call_)(void *, int64_t, int64_t);
};

// Calls fn(begin, end) for [0, grain), [grain, 2 grain), ... up to n, on all threads; returns when
// all are done. The exception of the first failing chunk propagates. A call from inside a chunk,
// or while another Python thread has the pool, runs on the calling thread alone.
void parallel_for(int64_t n, int64_t grain, ChunkFunction fn);

int num_threads();
void set_num_threads(int count);  // count >= 1; takes effect with the next parallel_for

}  // namespace renkei
