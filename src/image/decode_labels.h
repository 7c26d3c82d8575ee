// Label files of data sets: PNG whose samples are the labels. The samples themselves are read, not the
// colours that a palette gives them.
#pragma once

#include "image/decode.h"

namespace segforge {

struct LabelImage {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint16_t> labels;  // [height, width]
};

// Grey of 1 to 16 bits or indexed PNG. Errors: kInvalidInput for damaged data, for what is no PNG, and for
// RGB or alpha, where a colour stands for a class; kUnsupported above the limit; kOutOfMemory before labels
// are allocated. EXIF orientation is not looked at: data sets have none in their labels.
Result<LabelImage> DecodeLabels(std::span<const std::byte> bytes, const DecodeLimits& limits = {});

// DecodeLabels of a file's bytes; errors name the file.
Result<LabelImage> ReadLabels(const std::filesystem::path& path, const DecodeLimits& limits = {});

}  // namespace segforge
