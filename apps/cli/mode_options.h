// Options that say how an image is brought through the network: whole, or window by window.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "segforge/segforge.h"

namespace segforge::cli {

void AddModeOptions(CLI::App& command, SegmenterOptions& options);

// "512x1024", height x width; throws CLI::ValidationError that names `option`.
void ParseHeightWidth(const std::string& option, const std::string& text, int64_t& height, int64_t& width);

}  // namespace segforge::cli
