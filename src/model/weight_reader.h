// Takes single layers out of a checkpoint and keeps a list of what is wrong with them.
#pragma once

#include <string>
#include <vector>

#include "model/weights.h"

namespace segforge {

class WeightReader {
 public:
  // kCheck: finds problems and counts bytes, but copies nothing.
  enum class Mode { kCheck, kCopy };

  WeightReader(const Checkpoint& checkpoint, const FamilyMatch& match, Mode mode)
      : checkpoint_(checkpoint), names_(*match.names), prefix_(match.prefix), mode_(mode) {}

  LayerWeights Linear(const LayerName& layer, Place place, int64_t out, int64_t in);
  Weight LinearWithoutBias(const LayerName& layer, Place place, int64_t out, int64_t in);
  // note: why that kernel is expected, for the message; may be empty.
  LayerWeights Conv(const LayerName& layer, Place place, int64_t out, int64_t in, int64_t kernel,
                    const std::string& note);
  LayerWeights Depthwise(const LayerName& layer, Place place, int64_t channels);
  LayerWeights Norm(const LayerName& layer, Place place, int64_t channels);
  BatchNormWeights BatchNorm(const LayerName& layer, Place place, int64_t channels);

  // A layer that the structure rules out must not be there.
  void RefuseWeight(const LayerName& layer, Place place, const std::string& note);

  int64_t bytes() const { return bytes_; }
  // Lists the first ten problems and the number of the others; ok where there are none.
  Status Problems() const;

 private:
  std::string Name(const LayerName& layer, Place place, std::string_view suffix) const {
    return prefix_ + TensorName(names_, layer, place, suffix);
  }
  const ConstTensorView* Find(const std::string& name, const Shape& expected, const std::string& note);
  Weight Vector(const LayerName& layer, Place place, std::string_view suffix, int64_t size);
  // repack: from torch's layout to the graph's; null where they are the same.
  Weight Copy(const std::string& name, const ConstTensorView& source, Tensor (*repack)(const Tensor&));

  const Checkpoint& checkpoint_;
  const NameTable& names_;
  const std::string& prefix_;
  const Mode mode_;
  int64_t bytes_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace segforge
