// What `segforge compare` says, to people and to machines.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "segforge/evaluate.h"

namespace segforge::cli {

struct ComparedImage {
  std::string image;
  double latency_ms = 0;  // of the candidate's network
  Difference difference;
  bool good = false;
};

struct CompareReport {
  ModelInfo model;
  std::string candidate;  // "street-b0 · cpu avx2, 2 threads, fp32"
  std::string reference;
  double max_a0 = 0;
  double max_r0 = 0;
  std::vector<ComparedImage> images;
  std::vector<std::pair<std::string, std::string>> failures;  // image and message
  Difference total;
  bool good = false;
};

void PrintCompareHeader(const CompareReport& report);
void PrintCompareRow(const ComparedImage& image);
void PrintCompareSummary(const CompareReport& report);

std::string CompareJson(const CompareReport& report);

}  // namespace segforge::cli
