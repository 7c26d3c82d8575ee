#include <array>

#include "eval/dataset.h"

namespace segforge {
namespace {

constexpr int kNoClass = -1;

// Cityscapes' trainIds by id, as its scripts' labels.py has them; kNoClass is not evaluated.
constexpr std::array<int, 34> kTrainIds = {
    kNoClass, kNoClass, kNoClass, kNoClass, kNoClass, kNoClass, kNoClass, 0,  1,  kNoClass, kNoClass, 2,
    3,        4,        kNoClass, kNoClass, kNoClass, 5,        kNoClass, 6,  7,  8,        9,        10,
    11,       12,       13,       14,       15,       kNoClass, kNoClass, 16, 17, 18};
constexpr uint16_t kNoId = 255;  // already ignored: -1, the licence plate, in eight bits

Result<uint16_t> TrainIdOf(uint16_t id, uint16_t ignore) {
  if (id == kNoId) return ignore;
  if (id >= kTrainIds.size()) return InvalidInput("labels: expected Cityscapes ids 0 to 33, got {}", id);
  return kTrainIds[id] == kNoClass ? ignore : static_cast<uint16_t>(kTrainIds[id]);
}

}  // namespace

Status ApplyRule(LabelRule rule, uint16_t ignore, LabelImage& labels) {
  if (rule == LabelRule::kAsStored) return Status();
  for (uint16_t& label : labels.labels) {
    if (rule == LabelRule::kReduceZero) {
      const bool ignored = label == 0 || label == kNoId;
      label = ignored ? ignore : static_cast<uint16_t>(label - 1);
    } else {
      SEGFORGE_ASSIGN_OR_RETURN(label, TrainIdOf(label, ignore));
    }
  }
  return Status();
}

Result<LabelImage> ReadTruth(const Sample& sample, uint16_t ignore) {
  SEGFORGE_ASSIGN_OR_RETURN(LabelImage labels, ReadLabels(sample.labels));
  SEGFORGE_RETURN_IF_ERROR(ApplyRule(sample.rule, ignore, labels).Within(sample.labels.string()));
  return labels;
}

}  // namespace segforge
