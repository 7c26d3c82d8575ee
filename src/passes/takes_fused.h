// What a pass asks before it fuses where that does not pay for every shape.
#pragma once

#include <functional>
#include <span>

#include "ir/graph.h"

namespace segforge {

// Whether the backend wants `fused`, not yet read by anyone, for the nodes that it would replace. Empty: yes.
using TakesFused =
    std::function<bool(const Graph& graph, const Node& fused, std::span<const NodeId> replaced)>;

}  // namespace segforge
