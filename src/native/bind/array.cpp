#include "bind/array.hpp"

#include <algorithm>
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
    try {
        if (type_ == Type::other) fail("must be float32, float64, int32 or int64");
        if (reinterpret_cast<uintptr_t>(view_.buf) % uintptr_t(view_.itemsize) != 0) {
            fail("must be aligned");
        }
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
}

void Array::want_type(Type type) const {
    if (type_ != type) fail(std::string("must be ") + type_name(type));
}

void Array::want_shape_of(const Array &other) const {
    if (!same_shape(other)) fail("must have the shape of " + other.name_ + ", " + other.describe());
}

void check_overlap(const char *call, std::vector<Span> &spans) {
    std::erase_if(spans, [](const Span &span) { return span.begin == span.end; });
    std::sort(spans.begin(), spans.end(),
              [](const Span &a, const Span &b) { return a.begin < b.begin; });
    const Span *reach = nullptr, *written = nullptr;  // the furthest end so far, of all and of written
    for (const Span &span : spans) {
        const Span *other = span.written ? reach : written;
        if (other && span.begin < other->end) {
            throw nb::value_error(
                (std::string(call) + ": two of the arrays share memory and one is written").c_str());
        }
        if (!reach || span.end > reach->end) reach = &span;
        if (span.written && (!written || span.end > written->end)) written = &span;
    }
}

}  // namespace renkei
