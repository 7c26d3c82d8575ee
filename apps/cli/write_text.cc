#include "write_text.h"

#include "interrupt.h"
#include "segforge/files.h"

namespace segforge::cli {

void WriteText(const std::string& path, const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  const UninterruptedWrite guard;
  WriteBytes(path, FileBytes(data, data + text.size()));
}

}  // namespace segforge::cli
