#include "write_file.h"

#include "interrupt.h"

namespace segforge::cli {

void WriteFile(const std::string& path, const FileBytes& bytes) {
  const UninterruptedWrite guard;
  WriteBytes(path, bytes);
}

void WriteFile(const std::string& path, const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  WriteFile(path, FileBytes(data, data + text.size()));
}

}  // namespace segforge::cli
