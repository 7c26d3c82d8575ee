// The Python names that a checkpoint may mention. Nothing behind them is ever run: each has a role that the
// interpreter plays itself, and a name that is not in the table ends the reading.
#pragma once

#include <string_view>

#include "base/dtype.h"
#include "base/status.h"

namespace segforge {

enum class GlobalRole : uint8_t {
  kIgnored,             // makes objects that nobody reads: training state, configuration
  kDict,                // OrderedDict(pairs)
  kDefaultDict,         // defaultdict(factory): an empty dict
  kTuple,               // torch.Size
  kStorageType,         // names the type of a storage's elements
  kDType,               // torch.float32 as a value
  kRebuildTensor,       // (storage, offset, size, stride, ...)
  kRebuildTypedTensor,  // the same with the type as a seventh argument
  kRebuildParameter,    // (tensor, ...)
  kRebuildFromType,     // (rebuild function, class, its arguments, state)
};

struct PickleGlobal {
  std::string_view module;
  std::string_view name;
  GlobalRole role = GlobalRole::kIgnored;
  DType dtype = DType::kU8;  // of kStorageType and kDType
};

// The table's row, which lives forever, or an error that names the global.
Result<const PickleGlobal*> FindGlobal(std::string_view module, std::string_view name);

}  // namespace segforge
