// Any bytes as choices in growing a small graph: every pass leaves it valid, and computing what it did.
#include <cstdio>
#include <cstdlib>

#include "tests/passes/check_rewrites.h"
#include "tests/passes/random_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace segforge;
  const std::span bytes(data, size);
  const int steps = std::min(8, static_cast<int>(size) / 4 + 1);
  const RewriteCheck check = CheckRewrites(RandomGraph(ChoicesOf(bytes), steps).Take(), {1, 11, 9});
  if (check.problem.empty()) return 0;
  std::fprintf(stderr, "%s\n", check.problem.c_str());
  std::abort();
}
