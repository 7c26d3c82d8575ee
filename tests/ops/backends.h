// The backends that the tests of operations run on.
#pragma once

#include <string>
#include <vector>

#include "backend/kernel.h"
#include "backend/labels.h"

namespace segforge {

struct BackendCase {
  std::string name;
  Backend (*make)() = nullptr;
  LabelKernel upsample_argmax = nullptr;
};

std::vector<BackendCase> AllBackends();

}  // namespace segforge
