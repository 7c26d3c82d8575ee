// From errors as values to the exceptions of the public interface.
#pragma once

#include "base/status.h"
#include "segforge/segforge.h"

namespace segforge {

[[noreturn]] void Throw(const Status& status);  // status must not be ok

inline void ThrowIfError(const Status& status) {
  if (!status.ok()) Throw(status);
}

template <typename T>
T Unwrap(Result<T> result) {
  if (!result.ok()) Throw(result.status());
  return std::move(result).value();
}

}  // namespace segforge
