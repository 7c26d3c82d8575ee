// What `segforge bench` says of the cases that it ran.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "segforge/measure.h"

namespace segforge::cli {

struct MeasuredCase {
  BenchCase bench;
  BenchResult result;
  std::vector<EngineTimes> turns;  // ours first; empty without other engines
};

void PrintBenchHeader(std::FILE* file);
void PrintCase(std::FILE* file, const MeasuredCase& measured);

std::string BenchJson(const std::vector<MeasuredCase>& cases);
std::string BenchPlot(const std::vector<MeasuredCase>& cases);  // SVG: latency against pixels

}  // namespace segforge::cli
