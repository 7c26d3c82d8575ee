#include "formats/onnx_external.h"

#include <algorithm>

#include "base/file.h"
#include "formats/printable.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

bool StaysBelow(const fs::path& location) {
  return location.is_relative() &&
         std::none_of(location.begin(), location.end(), [](const fs::path& part) { return part == ".."; });
}

// Whether the file is below the folder once every link is followed.
bool IsBelow(const fs::path& file, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

}  // namespace

Result<SharedBytes> OpenExternalData(const fs::path& folder, const std::string& location) {
  if (!IsPlainName(location))
    return InvalidInput("external data: \"{}\" is no file name", Printable(location));
  if (folder.empty() || !StaysBelow(location))
    return InvalidInput("external data: \"{}\" is outside the file's own folder", Printable(location));
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  const fs::path file = error ? fs::path() : fs::canonical(folder / location, error);
  if (error) return IoError("external data: \"{}\": {}", Printable(location), error.message());
  if (!IsBelow(file, root))
    return InvalidInput("external data: \"{}\" is a link out of the file's own folder", Printable(location));
  auto mapped = MappedFile::Open(file);
  if (!mapped.ok()) return mapped.status().Within(Printable(location));
  const auto owner = std::make_shared<MappedFile>(std::move(*mapped));
  return SharedBytes{owner->bytes(), owner};
}

}  // namespace segforge
