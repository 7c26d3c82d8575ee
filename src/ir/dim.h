// A size that is known (512) or follows from the input's size (ceil(H/4), floor(ceil(W/4)/8)).
// Expressions are kept in a normal form, so that two sizes that are equal by construction compare equal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/shape.h"

namespace segforge {

// What the free sizes of a graph's input are: batch, height and width in pixels.
struct InputSize {
  int64_t n = 1;
  int64_t h = 0;
  int64_t w = 0;
  friend bool operator==(const InputSize&, const InputSize&) = default;
};

class Dim {
 public:
  Dim(int64_t value);  // NOLINT(*-explicit-*): sizes are written as plain numbers
  static Dim N();
  static Dim H();
  static Dim W();

  bool is_constant() const;
  int64_t constant() const;  // CHECKs is_constant()

  int64_t Evaluate(const InputSize& size) const;
  std::string ToString() const;  // "ceil(H/4)"

  friend Dim operator*(const Dim& a, const Dim& b);
  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim CeilDiv(const Dim& a, int64_t divisor);   // ceil(ceil(x/a)/b) becomes ceil(x/(a*b))
  friend Dim FloorDiv(const Dim& a, int64_t divisor);  // likewise
  friend bool operator==(const Dim& a, const Dim& b);

 private:
  struct Expression;
  explicit Dim(std::shared_ptr<const Expression> expression) : expression_(std::move(expression)) {}
  std::shared_ptr<const Expression> expression_;
};

// Output size of a convolution: floor((in + 2*pad - kernel) / stride) + 1. Where stride s, kernel k and pad p
// obey 2p - k = -1 this is ceil(in / s), and where k = s and p = 0 it is floor(in / s); those forms are
// returned.
Dim ConvOutput(const Dim& in, int64_t kernel, int64_t stride, int64_t pad);

using DimShape = std::vector<Dim>;
Shape Evaluate(const DimShape& shape, const InputSize& size);
std::string ToString(const DimShape& shape);  // "[N, ceil(H/4), ceil(W/4), 32]"

}  // namespace segforge
