#pragma once

#include <cstdint>

namespace segforge {

enum class Activation : uint8_t { kNone, kRelu, kGelu };

}  // namespace segforge
