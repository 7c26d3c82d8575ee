// Tells which family wrote a checkpoint, and under which prefix its names stand.
#pragma once

#include <string>

#include "model/names.h"

namespace segforge {

struct FamilyMatch {
  const NameTable* names = nullptr;
  std::string prefix;  // "module.", "model." ...; usually empty
};

// Where a checkpoint holds several copies, the one that is no EMA wins, then the one with the shorter prefix.
// Fails when no family fits, and on an encoder without a decode head.
Result<FamilyMatch> FindFamily(const Checkpoint& checkpoint);

}  // namespace segforge
