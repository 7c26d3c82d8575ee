// Which steps of two plans give the same value, so that their results can be compared.
#pragma once

#include <optional>
#include <vector>

#include "engine/plan.h"

namespace segforge {

// For each step of the candidate the reference's step of the same value, f32 and of the same shape. Where
// both have the same steps they match one by one. Otherwise, as after different rewrites, those match that
// yield the same value of the published graph: a fused step yields that of the last node it took in, and
// what the rewrites of one side alone made has no counterpart.
std::vector<std::optional<size_t>> MatchSteps(const Plan& candidate, const Plan& reference);

}  // namespace segforge
