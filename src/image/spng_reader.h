// What the readers of PNG share: a decoder with limits set, and its errors as Status. Inside this room only.
#pragma once

#include <spng.h>

#include <memory>
#include <span>

#include "base/status.h"

namespace segforge {

using SpngContext = std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)>;

// A decoder of bytes that outlive it.
Result<SpngContext> NewSpngReader(std::span<const std::byte> bytes);

Status FromSpngRead(int error);

}  // namespace segforge
