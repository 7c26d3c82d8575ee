#pragma once

#include "segment_options.h"

namespace segforge::cli {

// options.inputs is one name, of a video. Returns the exit code; throws Error.
int SegmentOneVideo(const SegmentOptions& options);

}  // namespace segforge::cli
