// What a torch checkpoint's object holds that Segforge wants: the weights by name, and facts about the model.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/pickle_value.h"

namespace segforge {

struct TorchTree {
  std::vector<std::pair<std::string, const TorchTensor*>>
      tensors;  // in the order of the file; view the pickle
  std::vector<std::pair<std::string, std::string>> metadata;
};

// Where the root has a dict with tensors under "state_dict", "model" or another of the usual keys, that
// dict's entries are the weights, else the root's own. A nested dict's or list's tensors get dotted names;
// other values are left out. metadata holds the root's "meta" and plain entries: texts as they are, other
// plain values as JSON; mmseg 1.x's dataset_meta is spread out as "CLASSES" and "PALETTE", which mmseg 0.x
// has as such.
Result<TorchTree> FindWeights(const Pickle& pickle);

}  // namespace segforge
