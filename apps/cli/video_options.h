// Options of `segforge segment` that concern videos alone.
#pragma once

#include <CLI/CLI.hpp>

#include "segforge/video.h"

namespace segforge::cli {

void AddVideoOptions(CLI::App& command, VideoOptions& options);

// Throws Error, naming the option, when one was given, for inputs that are images.
void CheckNoVideoOptions(const VideoOptions& options);

}  // namespace segforge::cli
