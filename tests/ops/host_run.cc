#include "tests/ops/host_run.h"

#include <gtest/gtest.h>

#include "tests/ops/guarded_buffer.h"

namespace segforge {

size_t ScratchBytesOf(const NodeRun& run, int threads) {
  std::vector<Shape> shapes;
  for (const ConstTensorView& view : run.inputs) shapes.push_back(view.shape);
  return run.kernel.ScratchBytes(shapes, threads);
}

void RunOnHost(const NodeRun& run, ThreadPool& pool) {
  const GuardedBuffer scratch(ScratchBytesOf(run, pool.threads()));
  const GuardedBuffer buffer(run.output.bytes());
  std::vector<ConstTensorView> views = run.inputs;
  if (run.over >= 0) {
    ConstTensorView& view = views[static_cast<size_t>(run.over)];
    std::memcpy(buffer.data(), view.data, view.bytes());
    view.data = buffer.data();
  }
  run.kernel.Run({views, {buffer.data(), run.output.dtype, run.output.shape}, scratch.data(), &pool});
  EXPECT_TRUE(scratch.intact()) << "writes past its scratch";
  EXPECT_TRUE(buffer.intact()) << "writes past its output";
  std::memcpy(run.output.data, buffer.data(), run.output.bytes());
}

}  // namespace segforge
