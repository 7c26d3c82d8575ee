// The ways of running an engine's kernels, timed at the sizes that are wanted.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "api/model_engine.h"
#include "engine/file/engine_file.h"
#include "engine/tune_tactics.h"

namespace segforge {

struct TimingCacheChoice {
  bool use = true;
  std::string file;  // "": timings.json in the user's cache folder
};

struct Tuned {
  std::vector<SizeTactics> sizes;
  TuneReport report;
  std::vector<std::string> warnings;  // a cache that could not be used
};

// The engines use what is found from now on; told is what the first one does. A cache that cannot be read is
// done without, and replaced unless it was named; one that cannot be written is done without.
Result<Tuned> TuneEngines(const ModelEngine& model, std::span<const InputSize> sizes,
                          const TimingCacheChoice& choice);

}  // namespace segforge
