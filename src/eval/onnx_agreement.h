// Whether two ONNX files give the same on random data.
#pragma once

#include <filesystem>
#include <string>

#include "formats/onnx.h"

namespace segforge {

struct OnnxAgreement {
  std::string library;  // "ONNX Runtime 1.20.1"
  // The greatest over all runs and outputs. Of floating-point numbers the greatest difference over the
  // greatest magnitude, infinite where only one is finite; of whole numbers the share that differs.
  double difference = 0;
  double limit = 0;  // of that output; the worst output is the one that is furthest from its limit
  std::string output;

  bool agrees() const { return difference <= limit; }
};

constexpr double kMaxFloatDifference = 1e-4;
constexpr double kMaxHalfDifference = 2e-2;  // of outputs in float16 and bfloat16
constexpr double kMaxDifferentShare = 1e-3;  // of whole numbers

// Runs both on the same noise, `runs` times, the same every time: floats of -1 to 1, whole numbers of 0
// and 1. Free sizes are 1 along the first axis, 64 in inputs of four axes and 8 in others, equal where their
// names are. kUnsupported, or what ONNX Runtime says, where it is not installed or does not run the first
// file.
Result<OnnxAgreement> CompareOnnx(const std::filesystem::path& before, const std::string& after_bytes,
                                  const OnnxFile& after, int runs);

}  // namespace segforge
