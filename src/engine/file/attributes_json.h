// An op's attributes as fields of its node, and back.
#pragma once

#include <nlohmann/json.hpp>

#include "base/status.h"
#include "ir/op.h"

namespace segforge {

void AddAttributes(const Attributes& attributes, nlohmann::json& node);

// Of the kind that the op has; values are in the range that any network has them in.
Result<Attributes> AttributesOf(Op op, const nlohmann::json& node);

}  // namespace segforge
