// A test of one operation on one backend with some number of threads.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "tests/ops/backends.h"
#include "tests/ops/plain.h"

namespace segforge {

// An input of a node; the tensor is outlived by its owner.
struct OpInput {
  const Tensor& tensor;
  bool constant = false;  // bound to the kernel when it is made
};
inline OpInput Computed(const Tensor& tensor) { return {tensor, false}; }
inline OpInput Constant(const Tensor& tensor) { return {tensor, true}; }

// Normally distributed around `mean`; the same for the same seed.
Tensor RandomTensor(Shape shape, uint32_t seed, float deviation = 1, float mean = 0);

// max |actual - exact| must not exceed four times that of the plain float32 loop, plus four times what
// rounding the greatest value is off by, or `scale` when that is greater: what entered an op whose result may
// be far smaller.
void ExpectAsExact(const Tensor& actual, const std::vector<double>& exact, const std::vector<float>& plain,
                   double unit, double scale);

using OpCase = std::tuple<BackendCase, int>;  // and the number of threads

class OpTest : public testing::TestWithParam<OpCase> {
 protected:
  int threads() const { return std::get<1>(GetParam()); }
  const BackendCase& backend() const { return std::get<0>(GetParam()); }
  double unit() const { return UnitRoundoff(backend().precision); }
  bool Offers(Op op) const { return backend().make().Offers(op); }
  // Whether the backend has a kernel for such a node: an op may be for some shapes and precisions alone.
  bool Takes(Op op, const std::vector<OpInput>& inputs, Attributes attributes = NoAttrs()) const;

  // Numbers that the precision under test has, so that all errors are the operation's own.
  Tensor RandomTensor(Shape shape, uint32_t seed, float deviation = 1, float mean = 0) const;
  Tensor Rounded(Tensor tensor) const;

  // Runs the backend's kernel of a node and checks its manners: it writes all of the output and nothing
  // beyond, leaves its inputs alone, stays within its scratch, gives the same bits again, and the same bits
  // once more over each input that it says it may overwrite.
  Tensor Run(Op op, const std::vector<OpInput>& inputs, Attributes attributes = NoAttrs()) const;

  // compute(T()) does it in plain loops of type T.
  template <typename Compute>
  void ExpectLike(const Tensor& actual, Compute compute, double scale = 0) const {
    ExpectAsExact(actual, compute(double()), compute(float()), unit(), scale);
  }
};

// The backends that offer all of these ops; on_host: whose logits are in host memory.
std::vector<OpCase> OpCases(std::initializer_list<Op> ops, bool on_host = false);
std::string NameOfOpTest(const testing::TestParamInfo<OpCase>& info);

// SEGFORGE_ON_ALL_BACKENDS(LinearTest, Op::kLinear);
#define SEGFORGE_ON_ALL_BACKENDS(Suite, ...) \
  INSTANTIATE_TEST_SUITE_P(All, Suite, testing::ValuesIn(OpCases({__VA_ARGS__})), NameOfOpTest)

}  // namespace segforge
