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
  double load_ms = 0;  // checkpoint to engine
  double gflop = 0;    // of one batch: 2 * multiply-adds, as run
  TimedRuns engine;    // float input to logits, nothing else in between
  TimedRuns labels;    // encoded images to encoded label maps, the whole batch
  std::vector<BenchPart> parts;  // of `labels`
  int64_t peak_bytes = 0;        // most memory that the process has held so far
};

// Runs in this process. peak_bytes is the case's own only where nothing larger ran before in it.
SEGFORGE_API BenchResult RunBench(const BenchCase& bench);

}  // namespace segforge
