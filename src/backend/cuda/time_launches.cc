#include "backend/cuda/time_launches.h"

#include <algorithm>
#include <limits>

#include "backend/cuda/device_memory.h"
#include "backend/cuda/handles.h"

namespace segforge::cuda {
namespace {

// Long beside an event's resolution of half a microsecond, and short enough for a few thousand of them.
constexpr double kGraphUs = 150;
constexpr int kMaxRepeats = 25;

class Timer {
 public:
  static Result<Timer> Make(cudaStream_t stream) {
    cudaEvent_t start = nullptr, stop = nullptr;
    SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaEventCreate(&start), "an event"));
    Event owned(start);
    SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaEventCreate(&stop), "an event"));
    return Timer(stream, std::move(owned), Event(stop));
  }

  template <typename Launch>
  Result<double> Us(Launch launch) {
    SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaEventRecord(start_.get(), stream_), "an event"));
    launch();
    SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaGetLastError(), "timing"));
    SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaEventRecord(stop_.get(), stream_), "an event"));
    SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaStreamSynchronize(stream_), "timing"));
    float ms = 0;
    SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaEventElapsedTime(&ms, start_.get(), stop_.get()), "an event"));
    return static_cast<double>(ms) * 1e3;
  }

 private:
  Timer(cudaStream_t stream, Event start, Event stop)
      : stream_(stream), start_(std::move(start)), stop_(std::move(stop)) {}

  cudaStream_t stream_;
  Event start_, stop_;
};

Result<GraphExec> Capture(cudaStream_t stream, const std::function<void()>& launch, int repeats) {
  SEGFORGE_RETURN_IF_ERROR(
      StatusOf(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "timing"));
  for (int i = 0; i < repeats; ++i) launch();
  cudaGraph_t graph = nullptr;
  SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaStreamEndCapture(stream, &graph), "timing"));
  cudaGraphExec_t exec = nullptr;
  const cudaError_t made = cudaGraphInstantiate(&exec, graph, 0);
  cudaGraphDestroy(graph);
  SEGFORGE_RETURN_IF_ERROR(StatusOf(made, "timing"));
  return GraphExec(exec);
}

// After two launches that load the kernel and wake the GPU.
Result<int> ChooseRepeats(Timer& timer, const std::function<void()>& launch) {
  for (int i = 0; i < 2; ++i) SEGFORGE_RETURN_IF_ERROR(timer.Us(launch).status());
  SEGFORGE_ASSIGN_OR_RETURN(const double us, timer.Us(launch));
  return std::clamp(static_cast<int>(kGraphUs / std::max(us, 1.0)), 1, kMaxRepeats);
}

}  // namespace

Result<std::vector<double>> TimeLaunches(cudaStream_t stream, std::span<const std::function<void()>> launches,
                                         int rounds) {
  SEGFORGE_CHECK(rounds >= 1 && !launches.empty());
  SEGFORGE_ASSIGN_OR_RETURN(Timer timer, Timer::Make(stream));
  SEGFORGE_ASSIGN_OR_RETURN(const int repeats, ChooseRepeats(timer, launches.front()));
  std::vector<GraphExec> graphs;
  for (const auto& launch : launches) {
    launch();  // a kernel's first launch may load it, which a capture need not allow
    SEGFORGE_RETURN_IF_ERROR(StatusOf(cudaGetLastError(), "timing"));
    Result<GraphExec> graph = Capture(stream, launch, repeats);
    if (!graph.ok()) static_cast<void>(cudaGetLastError());
    graphs.push_back(graph.ok() ? std::move(graph).value() : nullptr);
  }
  std::vector<std::vector<double>> us(launches.size());
  for (int round = -1; round < rounds; ++round) {  // the first one warms up
    for (size_t i = 0; i < graphs.size(); ++i) {
      if (graphs[i] == nullptr) continue;
      cudaError_t launched = cudaSuccess;
      SEGFORGE_ASSIGN_OR_RETURN(const double all,
                                timer.Us([&] { launched = cudaGraphLaunch(graphs[i].get(), stream); }));
      SEGFORGE_RETURN_IF_ERROR(StatusOf(launched, "timing"));
      if (round >= 0) us[i].push_back(all / repeats);
    }
  }
  std::vector<double> medians;
  for (auto& times : us) {
    if (times.empty()) times.push_back(std::numeric_limits<double>::infinity());
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    medians.push_back(*middle);
  }
  return medians;
}

}  // namespace segforge::cuda
