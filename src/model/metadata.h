// What a file says of its model besides the weights: pairs of texts, as safetensors and ONNX have them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/model.h"

namespace segforge {

using Metadata = std::vector<std::pair<std::string, std::string>>;

// "CLASSES": class names as a JSON list, "license", and "preprocessor_config": what Hugging Face's file of
// that name has, with "resample_as" "opencv" beside it where that is whose resizing it is.
Metadata DescribeInMetadata(const Model& model);

// The other way: sets what is said, and leaves the rest as it is. Names are a comfort: a list that does not
// fit the classes is left out, and so it is where there are names already. Fails on another preprocessing
// than ours.
Status ReadMetadata(const Metadata& metadata, Model& model);

}  // namespace segforge
