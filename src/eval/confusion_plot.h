// A confusion matrix as a picture.
#pragma once

#include "eval/confusion.h"
#include "image/image.h"

namespace segforge {

// A square for each pair of classes: true classes from top to bottom, predicted ones from left to right.
// White for none of the true class's pixels to dark blue for all; grey rows are classes that do not occur.
Image PlotConfusion(const ConfusionMatrix& matrix);

}  // namespace segforge
