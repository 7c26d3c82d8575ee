#include "eval/shared_library.h"

#include <dlfcn.h>

#include <cstdlib>

#include "model/one_line.h"

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

std::string LastLine(std::string_view message) {
  const size_t end = message.find_last_not_of(" \r\n");
  message = message.substr(0, end == std::string_view::npos ? 0 : end + 1);
  return OneLine(message.substr(message.find_last_of('\n') + 1));
}

}  // namespace segforge
