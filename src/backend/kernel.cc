#include "backend/kernel.h"

#include <algorithm>

namespace segforge {

size_t Kernel::ScratchBytes(std::span<const Shape>, int) const { return 0; }

bool Kernel::MayOverwrite(size_t) const { return false; }

std::vector<std::string> Kernel::Tactics(std::span<const Shape>) const { return {}; }

Result<std::unique_ptr<const Kernel>> Kernel::WithTactic(std::span<const Shape>,
                                                         std::string_view tactic) const {
  return Unsupported("there is no tactic \"{}\" here", tactic);
}

const KernelRow* Backend::Find(Op op) const {
  const auto row = std::ranges::find(rows_, op, &KernelRow::op);
  return row == rows_.end() ? nullptr : &*row;
}

bool Backend::Takes(const Graph& graph, const Node& node) const {
  const KernelRow* row = Find(node.op);
  return row != nullptr && (!row->takes || row->takes(graph, node));
}

bool Backend::Runs(Precision precision) const {
  return std::ranges::find(traits_.precisions, precision) != traits_.precisions.end();
}

}  // namespace segforge
