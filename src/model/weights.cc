#include "model/weights.h"

#include "base/memory.h"
#include "model/collect_weights.h"
#include "model/weight_reader.h"

namespace segforge {
Result<ModelWeights> ReadWeights(const Checkpoint& checkpoint, const FamilyMatch& match,
                                 const ModelConfig& config) {
  WeightReader checker(checkpoint, match, WeightReader::Mode::kCheck);
  CollectWeights(checker, *match.names, config);
  SEGFORGE_RETURN_IF_ERROR(checker.Problems());
  SEGFORGE_RETURN_IF_ERROR(CheckMemory(checker.bytes(), "the weights"));
  WeightReader copier(checkpoint, match, WeightReader::Mode::kCopy);
  ModelWeights weights = CollectWeights(copier, *match.names, config);
  SEGFORGE_RETURN_IF_ERROR(copier.Problems());
  return weights;
}

}  // namespace segforge
