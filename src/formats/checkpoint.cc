#include "formats/checkpoint.h"

#include <algorithm>

#include "formats/printable.h"

namespace segforge {

const ConstTensorView* Checkpoint::Find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(tensors, name, {}, &NamedTensor::name);
  return found != tensors.end() && found->name == name ? &found->tensor : nullptr;
}

Status SortAndCheckNames(Checkpoint& checkpoint) {
  auto& tensors = checkpoint.tensors;
  std::ranges::sort(tensors, {}, &NamedTensor::name);
  std::ranges::sort(checkpoint.metadata);
  const auto twice = std::ranges::adjacent_find(tensors, {}, &NamedTensor::name);
  if (twice != tensors.end()) return InvalidInput("tensor \"{}\" occurs twice", Printable(twice->name));
  for (const NamedTensor& tensor : tensors) {
    if (!IsPlainName(tensor.name))
      return InvalidInput("tensor name \"{}\" is empty, too long or not plain text", Printable(tensor.name));
  }
  return Status();
}

}  // namespace segforge
