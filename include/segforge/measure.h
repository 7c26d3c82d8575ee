// How fast it is, where the time goes, and what this machine could do at most.
// Every function reports failure by throwing segforge::Error.
#pragma once

#include "segforge/segforge.h"

namespace segforge {

// ---- Statistics ------------------------------------------------------------------------------------------

// Of repeated times. Percentiles interpolate linearly between the two nearest ranks.
struct Statistics {
  int64_t runs = 0;
  double min = 0;
  double mean = 0;
  double median = 0;
  double p90 = 0;
  double p99 = 0;
  double noise = 0;  // (p75 - p25) / median: half of all times lie within a band of that width
};
SEGFORGE_API Statistics Summarize(std::vector<double> times);  // all 0 for no times

// ---- Latency ---------------------------------------------------------------------------------------------

// Warm-up: windows of three runs, until the medians of two successive windows differ by less than 5 % or
// `warmup_seconds` are over; one run at least. Then timed runs: `runs` of them, or as many as `seconds` allow
// (but three, where so many are wanted).
struct RunRule {
  double warmup_seconds = 2;
  int64_t runs = 30;
  double seconds = 5;
};

struct TimedRuns {
  int64_t warmup_runs = 0;
  bool steady = false;     // the warm-up ended because two windows agreed
  std::vector<double> ms;  // of each timed run
};

struct BenchCase {
  std::string model = "street-b0";
  SegmenterOptions segmenter;  // its size, height and width play no role
  int64_t height = 512;        // of the network's input
  int64_t width = 512;
  int64_t batch = 1;
  std::string image;  // a file, decoded as it is; "": a photograph scaled to the input's size, as PNG
  RunRule rule;
};

struct BenchPart {
  std::string name;        // "decode", "resize", "engine", "labels", "encode"
  std::vector<double> ms;  // of the batch, in each timed run
};

struct BenchResult {
  std::string model;  // "SegFormer-B0 (Hugging Face)"
  std::string device;
  std::string precision;         // "fp32"
  double load_ms = 0;            // checkpoint to engine
  double gflop = 0;              // of one batch: 2 * multiply-adds, as run
  TimedRuns engine;              // float input to logits, nothing else in between
  TimedRuns labels;              // encoded images to encoded label maps, the whole batch
  std::vector<BenchPart> parts;  // of `labels`
  // On a GPU, from decoded pixels to labels, both in host memory: as Run takes and gives them, and, for a
  // batch of one, as RunInto does with page-locked memory.
  TimedRuns pixels;
  TimedRuns locked_pixels;
  int64_t peak_bytes = 0;  // most memory that the process has held so far
  // On a GPU, beyond its context: what weights, arena and images take, and what the driver says is gone,
  // kernels' code and rounding up included.
  int64_t gpu_bytes = 0;
  int64_t gpu_driver_bytes = 0;
};

// Runs in this process. peak_bytes is the case's own only where nothing larger ran before in it.
SEGFORGE_API BenchResult RunBench(const BenchCase& bench);

struct EngineTimes {
  std::string engine;         // "segforge", "ONNX Runtime 1.20.1"
  double load_ms = 0;         // from the file to where it can run
  TimedRuns runs;             // float input to logits
  double relative_error = 0;  // greatest difference of its logits from ours, over our greatest magnitude
};

// Other engines beside ours, on the same input with as many threads, in this process (torch in a Python). In
// each round every engine has a turn: a pause, a run that does not count, and three that do; `bench.rule` is
// of each engine. peers: "ort" and "openvino", which run the .onnx file, and "torch", which runs bench.model,
// a Hugging Face folder. They are loaded only here: libraries named by $SEGFORGE_ONNXRUNTIME and
// $SEGFORGE_OPENVINO or found by the system's loader, and $SEGFORGE_PYTHON or python3. Ours comes first in
// the result, then they in their order. kUnsupported for one that is not installed; kInvalidInput for one
// whose logits are more than 1e-2 from ours.
SEGFORGE_API std::vector<EngineTimes> RunBenchInTurns(const BenchCase& bench,
                                                      const std::vector<std::string>& peers,
                                                      const std::string& onnx);

// ---- The machine -----------------------------------------------------------------------------------------

struct Ceilings {
  int threads = 0;
  double gflops = 0;    // float32 multiply-adds in registers; one counts as two
  double copy_gbs = 0;  // copying memory: 1e9 bytes a second, read plus written
};

// Measured in about two seconds, or taken from $XDG_CACHE_HOME/segforge/ceilings.json (~/.cache without the
// variable), where they are kept for this processor, instruction set, thread count and version. A cache that
// cannot be read is ignored and rewritten; one that cannot be written is done without. threads: 0 for all.
SEGFORGE_API Ceilings MeasureCeilings(int threads, bool refresh = false);

struct LibraryVersion {
  std::string name;
  std::string version;
};

struct CudaDeviceReport {
  std::string name;                // "NVIDIA H100 80GB HBM3"
  std::string compute_capability;  // "9.0"
  int64_t memory_bytes = 0;
  int64_t available_bytes = 0;
};

struct MachineReport {
  std::string processor;             // "AMD EPYC"
  std::string target;                // in use: "avx3"
  std::vector<std::string> targets;  // that the processor has, best first
  int threads = 0;                   // processors that this process may use
  int64_t memory_bytes = 0;
  int64_t available_bytes = 0;
  double load = 0;      // processes that wanted to run, averaged over the last minute
  std::string version;  // of Segforge
  std::string build;    // "g++ 12.2.0, release"
  std::vector<LibraryVersion> libraries;
  std::string ceilings_file;                   // where they are cached; "" for nowhere
  std::vector<CudaDeviceReport> cuda_devices;  // "cuda:0", "cuda:1", ...
  std::string no_cuda;                         // why there is none; "" where there is one
};
SEGFORGE_API MachineReport DescribeMachine();

// ---- Profiles --------------------------------------------------------------------------------------------

struct LayerProfile {
  std::string name;             // "stage1.block0.attention.q"
  std::string kind;             // of operator: "Linear"
  std::string kernel;           // "cpu.linear"; where a way of running it was chosen, then that
  std::vector<int64_t> output;  // shape
  std::vector<size_t> inputs;   // indices of the layers that it reads; the image is left out
  double ms = 0;                // median over the runs
  double start_ms = 0;          // in the traced run, from its start
  double duration_ms = 0;       // there
  double gflop = 0;             // 2 * multiply-adds
  double bytes = 0;             // inputs, weights and output, once each
  double fma_share = 0;         // of the multiply-add ceiling; 0 without ceilings
  double copy_share = 0;        // of the copy ceiling; more than 1 where the data lay in a cache
  bool bound_by_fma = false;  // the arithmetic alone takes longer at its ceiling than the bytes do at theirs
};

struct ProfileOptions {
  std::string model = "street-b0";
  SegmenterOptions segmenter;  // its size, height and width play no role
  int64_t height = 512;        // of the network's input
  int64_t width = 512;
  int runs = 20;
  std::string image;     // runs on this file, resized to the input; "": on noise
  bool ceilings = true;  // measures or reads them, for the shares; there are none of a GPU
};

struct ModelProfile {
  std::string model;   // "SegFormer-B0 (Hugging Face)"
  std::string device;  // "cpu avx3, 2 threads, fp32"
  int64_t height = 0;
  int64_t width = 0;
  Ceilings ceilings;                 // all 0 when not wanted
  Statistics run;                    // of whole runs, ms
  double traced_ms = 0;              // the run of median length
  std::vector<LayerProfile> layers;  // in the order in which they run
};
SEGFORGE_API ModelProfile ProfileModel(const ProfileOptions& options);

}  // namespace segforge
