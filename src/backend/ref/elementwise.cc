// y[i] = f(x[i]) and y[i] = f(a[i'], b[i'']), where a and b broadcast as in numpy: shapes are aligned at
// their ends, and an axis of size 1 repeats. y may be the memory of an input of its own size.
#include <array>
#include <cmath>

#include "backend/ref/math.h"
#include "backend/ref/ops.h"

namespace segforge::ref {
namespace {

template <typename F>
void Unary(const Call& call, F f) {
  const float* x = call.floats(0);
  call.pool().ParallelFor(call.output_shape().elems(), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) call.output()[i] = static_cast<float>(f(static_cast<double>(x[i])));
  });
}

// From an index into the output to the index into an operand that broadcasts to it.
class Broadcast {
 public:
  Broadcast(const Shape& operand, const Shape& output) : output_(output) {
    const int missing = output.rank() - operand.rank();
    int64_t stride = 1;
    for (int axis = output.rank() - 1; axis >= missing; --axis) {
      const int64_t size = operand[axis - missing];
      strides_[static_cast<size_t>(axis)] = size == 1 ? 0 : stride;
      stride *= size;
    }
  }
  int64_t operator()(int64_t index) const {
    int64_t result = 0;
    for (int axis = output_.rank() - 1; axis >= 0; --axis) {
      result += index % output_[axis] * strides_[static_cast<size_t>(axis)];
      index /= output_[axis];
    }
    return result;
  }

 private:
  Shape output_;
  std::array<int64_t, Shape::kMaxRank> strides_ = {};
};

template <typename F>
void Binary(const Call& call, F f) {
  const Broadcast index_b(call.shape(1), call.output_shape());
  call.pool().ParallelFor(call.output_shape().elems(), 1, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin; i < end; ++i) {
      const double a = static_cast<double>(call.floats(0)[i]);
      const double b = static_cast<double>(call.floats(1)[index_b(i)]);
      call.output()[i] = static_cast<float>(f(a, b));
    }
  });
}

}  // namespace

void Gelu(const Call& call) {
  Unary(call, [](double x) { return Apply(Activation::kGelu, x); });
}
void Relu(const Call& call) {
  Unary(call, [](double x) { return Apply(Activation::kRelu, x); });
}
void Sqrt(const Call& call) {
  Unary(call, [](double x) { return std::sqrt(x); });
}
void Erf(const Call& call) {
  Unary(call, [](double x) { return std::erf(x); });
}
void Add(const Call& call) {
  Binary(call, [](double a, double b) { return a + b; });
}
void Sub(const Call& call) {
  Binary(call, [](double a, double b) { return a - b; });
}
void Mul(const Call& call) {
  Binary(call, [](double a, double b) { return a * b; });
}
void Div(const Call& call) {
  Binary(call, [](double a, double b) { return a / b; });
}
void Pow(const Call& call) {
  Binary(call, [](double a, double b) { return std::pow(a, b); });
}

}  // namespace segforge::ref
