#pragma once

namespace segforge {

int ResolveThreads(int threads);  // 0: as many as there are; throws Error outside 0 .. 1024

}  // namespace segforge
