// Arrays handed over by Python, through the buffer protocol, and the checks that come before any
// read: type, shape, strides, alignment, writability, overlap.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <string>
#include <vector>

namespace renkei {

namespace nb = nanobind;

enum class Type { float32, float64, int32, int64, other };

template <class T>
constexpr Type type_of = Type::other;
template <>
inline constexpr Type type_of<float> = Type::float32;
template <>
inline constexpr Type type_of<double> = Type::float64;
template <>
inline constexpr Type type_of<int32_t> = Type::int32;
template <>
inline constexpr Type type_of<int64_t> = Type::int64;

const char *type_name(Type type);

class Array {
public:
    // call and name are for messages: "adam_step: ms[3]".
    Array(nb::handle object, const char *call, std::string name, bool writable);
    ~Array() { PyBuffer_Release(&view_); }
    Array(const Array &) = delete;
    Array &operator=(const Array &) = delete;

    Type type() const { return type_; }
    int ndim() const { return view_.ndim; }
    int64_t shape(int axis) const { return view_.shape[axis]; }
    int64_t size() const { return size_; }
    int64_t bytes() const { return size_ * view_.itemsize; }
    bool c_contiguous() const;
    bool dense() const;  // its elements fill one run of memory, in some order of the axes
    bool same_shape(const Array &other) const;
    bool same_layout(const Array &other) const;  // the same shape and strides
    std::string describe() const;                // "float32 (3, 4)"

    template <class T>
    T *data() const {
        if (type_ != type_of<T>) fail(std::string("must be ") + type_name(type_of<T>));
        return static_cast<T *>(view_.buf);
    }
    // The memory between its first and its last byte.
    const char *begin() const { return low_; }
    const char *end() const { return high_; }
    bool aligned() const { return reinterpret_cast<uintptr_t>(view_.buf) % view_.itemsize == 0; }
    // Copies elements [first, first + n), counted in C order, to or from one run.
    void gather(int64_t first, int64_t n, void *run) const;
    void scatter(int64_t first, int64_t n, const void *run) const;

    [[noreturn]] void fail(const std::string &expected) const;  // ValueError
    void want_contiguous() const;  // and aligned
    void want_type(Type type) const;
    void want_shape_of(const Array &other) const;

private:
    Py_buffer view_{};
    const char *call_;
    std::string name_;
    Type type_ = Type::other;
    int64_t size_ = 1;
    const char *low_ = nullptr, *high_ = nullptr;
};

// Whether a written span shares memory with any other one.
struct Span {
    const char *begin, *end;
    bool written;
};
bool overlap(std::vector<Span> spans);
void refuse_overlap(const char *call, const std::vector<Span> &spans);  // ValueError

// Work of about this many elements is worth waking threads and releasing the GIL.
constexpr int64_t chunk_elements = 16384;

// Releases the GIL if the work is long enough to be worth it.
class MaybeRelease {
public:
    explicit MaybeRelease(bool release) : state_(release ? PyEval_SaveThread() : nullptr) {}
    ~MaybeRelease() {
        if (state_) PyEval_RestoreThread(state_);
    }
    MaybeRelease(const MaybeRelease &) = delete;
    MaybeRelease &operator=(const MaybeRelease &) = delete;

private:
    PyThreadState *state_;
};

}  // namespace renkei
