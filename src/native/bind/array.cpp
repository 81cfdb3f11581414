#include "bind/array.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace renkei {
namespace {

Type parse_type(const Py_buffer &view) {
    const char *format = view.format ? view.format : "B";
    if (*format == '@' || *format == '=') ++format;
    if (format[0] == '\0' || format[1] != '\0') return Type::other;
    switch (format[0]) {
        case 'f': return view.itemsize == 4 ? Type::float32 : Type::other;
        case 'd': return view.itemsize == 8 ? Type::float64 : Type::other;
        case 'i':
        case 'l':
        case 'q':
            if (view.itemsize == 4) return Type::int32;
            return view.itemsize == 8 ? Type::int64 : Type::other;
        default: return Type::other;
    }
}

}  // namespace

const char *type_name(Type type) {
    switch (type) {
        case Type::float32: return "float32";
        case Type::float64: return "float64";
        case Type::int32: return "int32";
        case Type::int64: return "int64";
        default: return "another type";
    }
}

Array::Array(nb::handle object, const char *call, std::string name, bool writable)
    : call_(call), name_(std::move(name)) {
    // Read-only arrays are asked for as such: the message below is clearer than NumPy's.
    if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_STRIDES | PyBUF_FORMAT) != 0) {
        PyErr_Clear();
        throw nb::type_error((std::string(call) + ": " + name_ + " must be a NumPy array").c_str());
    }
    type_ = parse_type(view_);
    for (int axis = 0; axis < view_.ndim; ++axis) size_ *= view_.shape[axis];
    low_ = high_ = static_cast<const char *>(view_.buf);
    for (int axis = 0; axis < view_.ndim && size_ > 0; ++axis) {
        const int64_t reach = view_.strides[axis] * (view_.shape[axis] - 1);
        (reach < 0 ? low_ : high_) += reach;
    }
    if (size_ > 0) high_ += view_.itemsize;
    try {
        if (type_ == Type::other) fail("must be float32, float64, int32 or int64");
        if (writable && view_.readonly) fail("must be writable");
    } catch (...) {
        PyBuffer_Release(&view_);
        throw;
    }
}

bool Array::c_contiguous() const {
    if (size_ == 0) return true;
    int64_t expected = view_.itemsize;
    for (int axis = view_.ndim - 1; axis >= 0; --axis) {
        if (view_.shape[axis] == 1) continue;
        if (view_.strides[axis] != expected) return false;
        expected *= view_.shape[axis];
    }
    return true;
}

bool Array::dense() const {
    if (c_contiguous()) return true;
    // Take the axes from the shortest stride to the longest; each must start where the last ended.
    int64_t expected = view_.itemsize;
    std::vector<bool> taken(size_t(view_.ndim), false);
    for (int step = 0; step < view_.ndim; ++step) {
        int found = -1;
        for (int axis = 0; axis < view_.ndim && found < 0; ++axis) {
            if (taken[size_t(axis)]) continue;
            if (view_.shape[axis] == 1 || view_.strides[axis] == expected) found = axis;
        }
        if (found < 0) return false;
        taken[size_t(found)] = true;
        expected *= view_.shape[found];
    }
    return true;
}

// Calls move(pointer to element, position in the run) for elements [first, first + n) in C order.
template <class F>
static void walk(const Py_buffer &view, int64_t first, int64_t n, F move) {
    std::vector<int64_t> index(size_t(view.ndim), 0);
    char *at = static_cast<char *>(view.buf);
    int64_t rest = first;
    for (int axis = view.ndim - 1; axis >= 0; --axis) {
        index[size_t(axis)] = rest % view.shape[axis];
        rest /= view.shape[axis];
        at += index[size_t(axis)] * view.strides[axis];
    }
    for (int64_t i = 0; i < n; ++i) {
        move(at, i);
        for (int axis = view.ndim - 1; axis >= 0; --axis) {
            at += view.strides[axis];
            if (++index[size_t(axis)] < view.shape[axis]) break;
            at -= view.strides[axis] * view.shape[axis];
            index[size_t(axis)] = 0;
        }
    }
}

void Array::gather(int64_t first, int64_t n, void *run) const {
    const size_t item = size_t(view_.itemsize);
    walk(view_, first, n, [&](const char *at, int64_t i) {
        std::memcpy(static_cast<char *>(run) + size_t(i) * item, at, item);
    });
}

void Array::scatter(int64_t first, int64_t n, const void *run) const {
    const size_t item = size_t(view_.itemsize);
    walk(view_, first, n, [&](char *at, int64_t i) {
        std::memcpy(at, static_cast<const char *>(run) + size_t(i) * item, item);
    });
}

bool Array::same_shape(const Array &other) const {
    return ndim() == other.ndim() &&
           std::equal(view_.shape, view_.shape + view_.ndim, other.view_.shape);
}

bool Array::same_layout(const Array &other) const {
    if (!same_shape(other) || view_.itemsize != other.view_.itemsize) return false;
    for (int axis = 0; axis < view_.ndim && size_ > 0; ++axis) {
        if (view_.shape[axis] != 1 && view_.strides[axis] != other.view_.strides[axis]) return false;
    }
    return true;
}

std::string Array::describe() const {
    std::string text = type_ == Type::other
                           ? std::string("type '") + (view_.format ? view_.format : "B") + "'"
                           : type_name(type_);
    text += " (";
    for (int axis = 0; axis < view_.ndim; ++axis) {
        text += std::to_string(view_.shape[axis]);
        if (axis + 1 < view_.ndim) text += ", ";
    }
    return text + (view_.ndim == 1 ? ",)" : ")");
}

void Array::fail(const std::string &expected) const {
    throw nb::value_error(
        (std::string(call_) + ": " + name_ + " " + expected + "; got " + describe()).c_str());
}

void Array::want_contiguous() const {
    if (!c_contiguous()) fail("must be C-contiguous");
    if (!aligned()) fail("must be aligned");
}

void Array::want_type(Type type) const {
    if (type_ != type) fail(std::string("must be ") + type_name(type));
}

void Array::want_shape_of(const Array &other) const {
    if (!same_shape(other)) fail("must have the shape of " + other.name_ + ", " + other.describe());
}

bool overlap(std::vector<Span> spans) {
    std::erase_if(spans, [](const Span &span) { return span.begin == span.end; });
    std::sort(spans.begin(), spans.end(),
              [](const Span &a, const Span &b) { return a.begin < b.begin; });
    const Span *reach = nullptr, *written = nullptr;  // the furthest end so far, of all and of written
    for (const Span &span : spans) {
        const Span *other = span.written ? reach : written;
        if (other && span.begin < other->end) return true;
        if (!reach || span.end > reach->end) reach = &span;
        if (span.written && (!written || span.end > written->end)) written = &span;
    }
    return false;
}

void refuse_overlap(const char *call, const std::vector<Span> &spans) {
    if (!overlap(spans)) return;
    throw nb::value_error(
        (std::string(call) + ": two of the arrays share memory and one is written").c_str());
}

}  // namespace renkei
