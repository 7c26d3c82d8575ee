#include "tests/ops/backends.h"

namespace segforge {

std::vector<BackendCase> AllBackends() { return {{"ref", MakeRefBackend, RefUpsampleArgmax}}; }

}  // namespace segforge
