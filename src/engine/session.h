// What one caller at a time needs to run plans: threads, and memory that grows to the largest plan met.
// Images go in and results come out in host memory, wherever the plan runs.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/tensor.h"
#include "base/thread_pool.h"
#include "engine/bound_steps.h"
#include "engine/plan.h"
#include "image/preprocess.h"

namespace segforge {

// What a run is to give of each image.
struct RunResults {
  std::optional<DType> labels = {};  // kU8 or kU16, [H, W] of the image's own size
  bool confidence = false;           // f32, likewise
  bool outputs = false;              // of the plan, for output()
  int64_t top = 0;                   // so many of the most probable classes, with their probabilities
};

// Milliseconds. On a GPU they are those of the device, and of the host where the device waits for it; not
// those in which other sessions have their turn.
struct RunTimes {
  double input = 0;  // from the images to the network's input
  double steps = 0;
  double labels = 0;  // and confidences, to where they are wanted
};

// How a thread waits for a GPU.
enum class DeviceWait : uint8_t {
  kSpin,   // keeps its processor, and goes on within microseconds
  kSleep,  // leaves it to others, and is woken some tens of microseconds late
};

class Session {
 public:
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The plan must be for threads() threads and of the session's backend. In host memory it fails with
  // kOutOfMemory, naming the bytes, before anything is taken, and the session then has the plan that it had;
  // on a GPU memory is taken, and refused, by what runs the plan. Allocates nothing when plans as large and
  // as long were prepared before.
  virtual Status Prepare(std::shared_ptr<const Plan> plan) = 0;

  // ---- From images to labels

  // Begins a run of the plan on its N images, of any sizes: resizes where they are not the plan's,
  // normalises, runs every step. The images must stay as they are until Finish. On a GPU it returns while the
  // device works, and sessions of one engine take turns in one arena, one's copies running beside another's
  // steps.
  virtual Status Start(std::span<const ImageView> images, const Preprocessing& preprocessing,
                       const RunResults& results) = 0;
  // Ends it. `maps` are of each image, empty when neither labels nor confidences were asked for, and of the
  // sizes and types that were: the logits upsampled, then argmaxed, as LabelKernel does it. From and to
  // page-locked memory a GPU copies directly.
  virtual Result<RunTimes> Finish(std::span<const LabelMaps> maps) = 0;

  // ---- Step by step

  // [N,H,W,C] f32, to be filled after Prepare. Ask for it anew before it is filled again: that is how a
  // device learns of it. Execute leaves it as it is.
  virtual TensorView input(size_t index = 0) = 0;
  // Runs every step on input() and returns when all are done; allocates nothing when it ran before.
  virtual Status Execute() = 0;
  // What the last Execute() launched: as many kernels as steps in host memory, some more on a GPU.
  virtual int64_t kernels() const = 0;
  // As Execute, and calls after_step(i) when step i of the plan is done.
  virtual Status Execute(FunctionRef<void(size_t step)> after_step) = 0;
  // As Execute, and gives for each step of the plan when it was done, in microseconds from the start.
  virtual Status ExecuteTimed(std::span<double> step_ends_us) = 0;

  // What each of these kernels of the plan's step takes in its place: medians over so many rounds, in
  // microseconds. In a round each has its turn. Makes all values of the plan but its inputs worthless.
  virtual Result<std::vector<double>> TimeKernels(size_t step, std::span<const Kernel* const> kernels,
                                                  int rounds) = 0;

  // f32; valid until the next run or Prepare. After Start and Finish, if they were asked for it. Fails where
  // a device does.
  virtual Result<ConstTensorView> output(size_t index) = 0;
  // f32; its bytes are the step's right after it alone: from after_step(step).
  virtual Result<ConstTensorView> step_output(size_t step) = 0;

  int threads() const { return pool_.threads(); }
  ThreadPool& pool() { return pool_; }

 protected:
  // As ThreadPool takes them: 0 means as many as the machine offers.
  explicit Session(int threads) : pool_(threads) {}

 private:
  ThreadPool pool_;
};

// What the sessions of one engine share on a GPU: the memory that steps work in, and their turns in it.
class SharedDevice {
 public:
  virtual ~SharedDevice() = default;
};

// Null for a backend in host memory, whose sessions share nothing. Fails where the device cannot be had.
Result<std::shared_ptr<SharedDevice>> ShareDevice(const BackendTraits& backend);

// For plans of a backend with these traits. `shared` is ShareDevice's of the same backend.
Result<std::unique_ptr<Session>> MakeSession(const BackendTraits& backend,
                                             const std::shared_ptr<SharedDevice>& shared, int threads,
                                             DeviceWait wait = DeviceWait::kSpin);

// Image n of a batch: [N, a, b, c] -> [a, b, c].
ConstTensorView ImageOf(const ConstTensorView& batch, int64_t n);

}  // namespace segforge
