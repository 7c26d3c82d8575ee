#pragma once

#include <string>

namespace segforge {

std::string ProcessorName();  // as the kernel has it; the architecture's name where it has none

}  // namespace segforge
