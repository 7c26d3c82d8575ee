// ONNX files and the checkpoint that they were exported from compute the same, at sizes that the files fix or
// not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/network.h"

namespace segforge {
namespace {

double RelativeError(const Tensor& actual, const Tensor& expected) {
  const auto a = actual.span<float>(), b = expected.span<float>();
  EXPECT_EQ(a.size(), b.size());
  double error = 0, greatest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    error = std::max(error, std::abs(static_cast<double>(a[i]) - b[i]));
    greatest = std::max(greatest, std::abs(static_cast<double>(b[i])));
  }
  return error / greatest;
}

TEST(OnnxGolden, ComputesWhatTheCheckpointDoes) {
  const std::filesystem::path models = InShared("models");
  if (!std::filesystem::exists(models)) GTEST_SKIP() << "no shared folder";
  const auto references = SharedReferences("b0");
  ASSERT_TRUE(references.ok()) << references.status().message();
  const BackendCase backend = AllBackends().at(1);
  auto checkpoint = Network::Load(models / "b0-hf", backend, {});
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  for (const char* name : {"b0.hf.op12.onnx", "b0.hf.op18.onnx", "b0.mmseg.op11.1024.onnx"}) {
    auto network = Network::Load(models / name, backend, {});
    ASSERT_TRUE(network.ok()) << network.status().message();
    for (const Reference& reference : *references) {
      const auto expected = checkpoint->Run(reference.image), got = network->Run(reference.image);
      ASSERT_TRUE(expected.ok() && got.ok());
      EXPECT_LE(RelativeError(got->outputs[0], expected->outputs[0]), 1e-5) << name << " " << reference.name;
      EXPECT_LE(LogitError(got->outputs[0], reference.logits), LogitTolerance(Precision::kFp32));
    }
  }
}

}  // namespace
}  // namespace segforge
