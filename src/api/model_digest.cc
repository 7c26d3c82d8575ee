#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "api/error.h"
#include "api/model_locator.h"
#include "base/file.h"
#include "segforge/evaluate.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;

bool IsModelFile(const fs::path& path) {
  constexpr std::array<std::string_view, 6> kExtensions = {".json", ".safetensors", ".pth",
                                                           ".pt",   ".bin",         ".onnx"};
  std::error_code unknown;
  return fs::is_regular_file(path, unknown) &&
         std::find(kExtensions.begin(), kExtensions.end(), path.extension().string()) != kExtensions.end();
}

// A folder's weights and configurations; a lone checkpoint with the configurations beside it.
std::vector<fs::path> FilesOf(const fs::path& model) {
  const bool is_folder = fs::is_directory(model);
  std::vector<fs::path> files;
  if (!is_folder) files.push_back(model);
  const fs::path folder = is_folder ? model : fs::absolute(model).parent_path();
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const bool wanted = is_folder ? IsModelFile(entry->path())
                                  : entry->path().filename() == "config.json" ||
                                        entry->path().filename() == "preprocessor_config.json" ||
                                        model.extension() == ".json";
    if (wanted && IsModelFile(entry->path()) && entry->path().filename() != model.filename())
      files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return a.filename() < b.filename(); });
  return files;
}

}  // namespace

std::string ModelDigest(const std::string& model) {
  uLong crc = 0;
  size_t bytes = 0;
  for (const fs::path& path : FilesOf(Unwrap(LocateModel(model)))) {
    const auto file = MappedFile::Open(path);
    if (!file.ok()) Throw(file.status().Within(path.string()));
    const std::string name = path.filename().string();
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(name.data()), name.size());
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(file->bytes().data()), file->bytes().size());
    bytes += file->bytes().size();
  }
  return fmt::format("{:08x}-{}", crc, bytes);
}

}  // namespace segforge
