// Labels that come as whole numbers of any type, from a file or another engine.
#pragma once

#include <string>

#include "base/tensor.h"
#include "segforge/segforge.h"

namespace segforge {

// Sets the result's labels, in the width that so many classes need, from an array of as many values, which
// need not be aligned. Throws Error, naming the source, for a type that labels do not have and for values
// that are no class.
void SetLabels(const ConstTensorView& array, const std::string& source, int64_t classes,
               Segmentation& result);

}  // namespace segforge
