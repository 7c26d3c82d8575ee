// How often the whole test program has asked for memory.
#pragma once

#include <cstdint>

namespace segforge {

// False where a sanitizer has its own malloc, so that nothing can be counted.
bool CountsAllocations();
// Calls of malloc, calloc, realloc and the aligned ones so far, by all threads; operator new comes down to
// them.
int64_t Allocations();

}  // namespace segforge
