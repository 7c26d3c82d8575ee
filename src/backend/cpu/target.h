// Which instruction set the SIMD kernels run with: the best that the processor has, or what
// SEGFORGE_CPU_TARGET names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace segforge {

// Applies the environment variable SEGFORGE_CPU_TARGET, if it is set and not empty, to every kernel of this
// process. Only the first call reads the variable; later ones return the first one's status. Call it before
// kernels run. Fails, listing what there is, when the name is unknown or the processor lacks it.
Status ApplyCpuTargetOverride();

// What dynamic dispatch picks now: "avx2".
std::string CpuTargetName();

// Compiled in and supported by this processor, best first: {"avx2", "sse4", "scalar"}. What has been forced
// does not matter.
std::vector<std::string> AvailableCpuTargets();

// Forces a target by name, from now on; for tests "" gives back the processor's best.
Status ForceCpuTarget(std::string_view name);

std::string HighwayVersion();  // "1.0.7": of the headers that the kernels were compiled with

}  // namespace segforge
