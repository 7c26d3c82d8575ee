// What the readers of PNG share: a decoder with limits set, and its errors as Status. Inside this room only.
#pragma once

#include <spng.h>

#include <memory>

#include "image/byte_source.h"

namespace segforge {

using SpngContext = std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)>;

// A decoder of a source whose bytes or file outlive it.
Result<SpngContext> NewSpngReader(const ByteSource& source);

Status FromSpngRead(int error);

}  // namespace segforge
