// Prints the names that SEGFORGE_CPU_TARGET may have on this machine, one a line.
#include <fmt/format.h>

#include "backend/cpu/target.h"

int main() {
  for (const std::string& name : segforge::AvailableCpuTargets()) {
    fmt::print("{}\n", name);
  }
  return 0;
}
