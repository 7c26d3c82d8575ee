// What one caller at a time needs to run plans: threads, and memory that grows to the largest plan met.
// Images go in and results come out in host memory, wherever the plan runs.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "engine/bound_steps.h"
#include "engine/plan.h"
#include "image/preprocess.h"

namespace segforge {

class Session {
 public:
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The plan must be for threads() threads and of the session's backend. Fails with kOutOfMemory, naming the
  // bytes, before anything is taken; the session then has the plan that it had, on a GPU perhaps none.
  // Allocates nothing when plans as large and as long were prepared before.
  virtual Status Prepare(std::shared_ptr<const Plan> plan) = 0;

  // [N,H,W,C] f32, to be filled after Prepare. Ask for it anew before it is filled again: that is how a
  // device learns of it. Execute leaves it as it is.
  virtual TensorView input(size_t index = 0) = 0;
  // Instead, for image n of input 0, [N,H,W,3]: resizes where the sizes differ, and normalises.
  virtual Status SetImage(int64_t n, const ImageView& image, const Preprocessing& preprocessing) = 0;

  // Runs every step and returns when all are done; allocates nothing.
  virtual Status Execute() = 0;
  // As Execute, and calls after_step(i) when step i of the plan is done.
  virtual Status Execute(FunctionRef<void(size_t step)> after_step) = 0;
  // As Execute, and gives for each step of the plan when it was done, in microseconds from the start.
  virtual Status ExecuteTimed(std::span<double> step_ends_us) = 0;

  // What each of these kernels of the plan's step takes in its place: medians over so many rounds, in
  // microseconds. In a round each has its turn. Makes all values of the plan but its inputs worthless.
  virtual Result<std::vector<double>> TimeKernels(size_t step, std::span<const Kernel* const> kernels,
                                                  int rounds) = 0;

  // f32; valid until the next Execute or Prepare.
  virtual ConstTensorView output(size_t index) const = 0;
  // f32; its bytes are the step's right after it alone: from after_step(step).
  virtual ConstTensorView step_output(size_t step) const = 0;
  // Output 0, [N,h,w,classes], as labels of image n: upsampled to the maps' size, then argmaxed, as
  // LabelKernel.
  virtual Status Labels(int64_t n, const LabelMaps& maps) = 0;

  int threads() const { return pool_.threads(); }
  ThreadPool& pool() { return pool_; }

 protected:
  // As ThreadPool takes them: 0 means as many as the machine offers.
  explicit Session(int threads) : pool_(threads) {}

  // Enough for each of the kernels to run the step.
  size_t MostScratchBytes(const BoundStep& step, std::span<const Kernel* const> kernels) const;

 private:
  ThreadPool pool_;
};

// For plans of a backend with these traits. Fails where its device cannot be had.
Result<std::unique_ptr<Session>> MakeSession(const BackendTraits& backend, int threads);

// Image n of a batch: [N, a, b, c] -> [a, b, c].
ConstTensorView ImageOf(const ConstTensorView& batch, int64_t n);

}  // namespace segforge
