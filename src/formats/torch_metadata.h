// The facts beside the weights of a torch checkpoint.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/pickle_value.h"

namespace segforge {

// See FindWeights in torch_tree.h. Values that are not plain, or larger than any real one, are left out.
std::vector<std::pair<std::string, std::string>> ReadTorchMetadata(const Pickle& pickle);

}  // namespace segforge
