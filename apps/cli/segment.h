#pragma once

#include "segment_options.h"

namespace segforge::cli {

// Runs `segforge segment`; returns the exit code. Throws Error for what concerns no single image of several.
int Segment(const SegmentOptions& given);

}  // namespace segforge::cli
