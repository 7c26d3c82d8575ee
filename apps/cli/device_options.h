// Options that say where a model runs, in which arithmetic, and of what nodes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "segforge/segforge.h"

namespace segforge::cli {

// --device, --precision and --fp32-layers, each with `prefix` ("reference-") before its name. `side` begins
// their descriptions: "Of the reference: ".
void AddDeviceOptions(CLI::App& command, SegmenterOptions& options, const std::string& prefix = "",
                      const std::string& side = "");

// --device alone, for verbs that have precisions of their own, or none.
void AddDevice(CLI::App& command, SegmenterOptions& options, const std::string& prefix = "",
               const std::string& side = "");
void AddGpuWait(CLI::App& command, SegmenterOptions& options);
void AddFp32Layers(CLI::App& command, SegmenterOptions& options, const std::string& prefix = "",
                   const std::string& side = "");

// --fuse: what is fused, of whatever builds an engine.
void AddFuse(CLI::App& command, SegmenterOptions& options, const std::string& prefix = "",
             const std::string& side = "");

}  // namespace segforge::cli
