#include "tests/ops/device_run.h"

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <deque>

#include "tests/ops/guarded_buffer.h"
#include "tests/ops/host_run.h"

namespace segforge {
namespace {

void Check(cudaError_t error) { ASSERT_EQ(error, cudaSuccess) << cudaGetErrorString(error); }

// Device memory with the guards and the contents of a host buffer of the same size.
class DeviceBuffer {
 public:
  explicit DeviceBuffer(size_t bytes) : host_(bytes) { Check(cudaMalloc(&data_, host_.whole_bytes())); }
  ~DeviceBuffer() { cudaFree(data_); }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;

  std::byte* data() const { return static_cast<std::byte*>(data_) + GuardedBuffer::kGuardBytes; }
  const GuardedBuffer& host() const { return host_; }
  void Upload() { Check(cudaMemcpy(data_, host_.whole(), host_.whole_bytes(), cudaMemcpyHostToDevice)); }
  void Download() { Check(cudaMemcpy(host_.whole(), data_, host_.whole_bytes(), cudaMemcpyDeviceToHost)); }

 private:
  GuardedBuffer host_;
  void* data_ = nullptr;
};

class Stream {
 public:
  Stream() { Check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace

void RunOnDevice(const NodeRun& run, ThreadPool& pool) {
  DeviceBuffer scratch(ScratchBytesOf(run, pool.threads()));
  DeviceBuffer output(run.output.bytes());
  scratch.Upload();
  output.Upload();
  std::deque<DeviceBuffer> inputs;
  std::vector<ConstTensorView> views;
  for (size_t i = 0; i < run.inputs.size(); ++i) {
    const ConstTensorView& view = run.inputs[i];
    DeviceBuffer& input = static_cast<int>(i) == run.over ? output : inputs.emplace_back(view.bytes());
    std::memcpy(input.host().data(), view.data, view.bytes());
    input.Upload();
    views.push_back({input.data(), view.dtype, view.shape});
  }
  const Stream stream;
  Check(cudaDeviceSynchronize());  // the copies were not on `stream`
  run.kernel.Run(
      {views, {output.data(), run.output.dtype, run.output.shape}, scratch.data(), &pool, stream.get()});
  Check(cudaGetLastError());
  Check(cudaStreamSynchronize(stream.get()));
  scratch.Download();
  output.Download();
  EXPECT_TRUE(scratch.host().intact()) << "writes past its scratch";
  EXPECT_TRUE(output.host().intact()) << "writes past its output";
  std::memcpy(run.output.data, output.host().data(), run.output.bytes());
  for (size_t i = 0, buffer = 0; i < run.inputs.size(); ++i) {
    if (static_cast<int>(i) == run.over) continue;
    DeviceBuffer& input = inputs[buffer++];
    input.Download();
    const bool same = std::memcmp(input.host().data(), run.inputs[i].data, run.inputs[i].bytes()) == 0;
    EXPECT_TRUE(same && input.host().intact()) << "writes to input " << i;
  }
}

}  // namespace segforge
