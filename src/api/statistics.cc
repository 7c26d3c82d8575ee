#include <algorithm>
#include <cmath>
#include <numeric>

#include "segforge/measure.h"

namespace segforge {
namespace {

// sorted must not be empty; fraction in 0..1
double Percentile(const std::vector<double>& sorted, double fraction) {
  const double rank = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(rank);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - std::floor(rank)) * (sorted[above] - sorted[below]);
}

}  // namespace

Statistics Summarize(std::vector<double> times) {
  Statistics result;
  if (times.empty()) return result;
  std::sort(times.begin(), times.end());
  result.runs = static_cast<int64_t>(times.size());
  result.min = times.front();
  result.mean = std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
  result.median = Percentile(times, 0.5);
  result.p90 = Percentile(times, 0.9);
  result.p99 = Percentile(times, 0.99);
  const double spread = Percentile(times, 0.75) - Percentile(times, 0.25);
  result.noise = result.median > 0 ? spread / result.median : 0;
  return result;
}

}  // namespace segforge
