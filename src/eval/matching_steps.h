// Which steps of two plans give the same value, so that their results can be compared.
#pragma once

#include <optional>
#include <vector>

#include "engine/plan.h"

namespace segforge {

// For each step of the candidate the reference's step of the same value, of a float type each and of the same
// shape. Where both have the same steps, but for those that convert between types, they match one by one.
// Otherwise, as after different rewrites, those match that yield the same value of the published graph: a
// fused step yields that of the last node it took in, and what the rewrites of one side alone made has no
// counterpart. Steps that convert have none.
std::vector<std::optional<size_t>> MatchSteps(const Plan& candidate, const Plan& reference);

}  // namespace segforge
