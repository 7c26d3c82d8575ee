// Finds single sizes of a model in the tensors of a checkpoint. Each is the size that most of the tensors
// concerned have.
#pragma once

#include "model/family.h"

namespace segforge {

class StructureFinder {
 public:
  StructureFinder(const Checkpoint& checkpoint, const FamilyMatch& match)
      : checkpoint_(checkpoint), names_(*match.names), prefix_(match.prefix) {}

  Result<int64_t> Depth(int stage) const;
  int64_t Width(int stage, int64_t depth) const;
  int64_t FfnWidth(int stage, int64_t depth, int64_t width) const;
  int64_t SrRatio(int stage, int64_t depth) const;
  int64_t HeadWidth() const;
  int64_t Classes() const;

 private:
  const ConstTensorView* Find(const LayerName& layer, Place place, std::string_view suffix) const {
    return checkpoint_.Find(prefix_ + TensorName(names_, layer, place, suffix));
  }
  // Appends the first size of the layer's weight and of its bias, where they are there.
  void AddRows(std::vector<int64_t>& sizes, const LayerName& layer, Place place) const;

  const Checkpoint& checkpoint_;
  const NameTable& names_;
  const std::string& prefix_;
};

}  // namespace segforge
