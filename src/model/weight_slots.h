// Weights to be filled in: the names and shapes that a structure has, before it is known what they hold.
#pragma once

#include <map>
#include <string>

#include "model/names.h"
#include "model/weights.h"

namespace segforge {

// A source of CollectWeights. A slot that is not filled gives memory of its shape that nobody has written.
class WeightSlots {
 public:
  // kCount: adds up bytes and gives null tensors.
  enum class Mode { kCount, kGive };

  explicit WeightSlots(const NameTable& names) : names_(names) {}
  void set_mode(Mode mode) { mode_ = mode; }
  int64_t bytes() const { return bytes_; }  // of all slots that were counted

  LayerWeights Linear(const LayerName& layer, Place place, int64_t out, int64_t in);
  Weight LinearWithoutBias(const LayerName& layer, Place place, int64_t out, int64_t in);
  LayerWeights Conv(const LayerName& layer, Place place, int64_t out, int64_t in, int64_t kernel,
                    const std::string&);
  LayerWeights Depthwise(const LayerName& layer, Place place, int64_t channels);
  LayerWeights Norm(const LayerName& layer, Place place, int64_t channels);
  BatchNormWeights BatchNorm(const LayerName& layer, Place place, int64_t channels);
  void RefuseWeight(const LayerName&, Place, const std::string&) {}
  // A layer's bias where the checkpoint has none, because what follows it is folded in.
  Weight Bias(const LayerName& layer, Place place, int64_t channels);

  // The columns of a layer's weight that read the index-th of its inputs, each `in` wide.
  Weight Columns(const LayerName& layer, int64_t index, int64_t out, int64_t in);

  bool Has(const std::string& name) const { return slots_.contains(name); }
  // Fails on numbers that are not finite, and where the slot holds others already.
  Status Fill(const std::string& name, std::shared_ptr<const Tensor> tensor);

 private:
  Weight Slot(const LayerName& layer, Place place, std::string_view suffix, const Shape& shape);
  Weight Named(std::string name, const Shape& shape);

  const NameTable& names_;
  Mode mode_ = Mode::kCount;
  int64_t bytes_ = 0;
  std::map<std::string, std::shared_ptr<const Tensor>> slots_;  // null: not filled
};

}  // namespace segforge
