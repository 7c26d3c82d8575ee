// The other tests with cuda in their name are there where a GPU is; this one is everywhere, and says why they
// are not.
#include <gtest/gtest.h>

#include "backend/cuda/cuda.h"

namespace segforge {
namespace {

TEST(Gpu, cuda_IsThere) {
  const Result<std::vector<CudaDevice>> devices = CudaDevices();
  if (!devices.ok()) GTEST_SKIP() << "no GPU is tested: " << devices.status().message();
  ASSERT_FALSE(devices->empty());
  for (const CudaDevice& device : *devices) {
    EXPECT_FALSE(device.name.empty());
    EXPECT_GT(device.multiprocessors, 0);
    EXPECT_GT(device.memory_bytes, 0);
    EXPECT_LE(device.free_bytes, device.memory_bytes);
  }
  const int beyond = static_cast<int>(devices->size());
  EXPECT_EQ(MakeCudaBackend(beyond).status().code(), StatusCode::kInvalidInput);
  const Result<Backend> backend = MakeCudaBackend(0);
  ASSERT_TRUE(backend.ok()) << backend.status().message();
  EXPECT_TRUE(backend->on_cuda());
  EXPECT_TRUE(backend->Runs(Precision::kFp32));
}

}  // namespace
}  // namespace segforge
