#include "tests/ops/backends.h"

namespace segforge {

std::vector<BackendCase> AllBackends() {
  return {{"ref", MakeRefBackend, RefUpsampleArgmax}, {"cpu", MakeCpuBackend, CpuUpsampleArgmax}};
}

}  // namespace segforge
