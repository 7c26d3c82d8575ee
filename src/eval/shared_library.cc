#include "eval/shared_library.h"

#include <dlfcn.h>

#include <cstdlib>

namespace segforge {

Result<void*> LoadLibrary(const char* engine, const char* variable, std::span<const char* const> usual) {
  const char* const usual_name = usual.front();
  const char* chosen = std::getenv(variable);
  if (chosen != nullptr) usual = std::span<const char* const>(&chosen, 1);
  for (const char* name : usual) {
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL); library != nullptr) return library;
  }
  return Unsupported("{}: {}: cannot be loaded; install it, or name {} in ${}", engine, usual.front(),
                     usual_name, variable);
}

}  // namespace segforge
