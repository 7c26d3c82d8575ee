#include "api/model_locator.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string_view>
#include <vector>

namespace segforge {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBuiltInModel = "street-b0";

bool Exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// lib/ may have an architecture's folder inside: lib/x86_64-linux-gnu/libsegforge.so.
void AddInstallationOf(const fs::path& file, std::vector<fs::path>& folders) {
  std::error_code error;
  const fs::path folder = fs::weakly_canonical(file, error).parent_path();
  if (error || folder.empty()) return;
  for (const fs::path& prefix : {folder.parent_path(), folder.parent_path().parent_path()}) {
    folders.push_back(prefix / "share/segforge/models");
  }
}

void AddEnvironmentFolder(std::vector<fs::path>& folders) {
  const char* folder = std::getenv("SEGFORGE_MODELS");
  if (folder != nullptr && *folder != '\0') folders.emplace_back(folder);
}

std::vector<fs::path> BuiltInFolders() {
  std::vector<fs::path> folders;
  AddEnvironmentFolder(folders);
  Dl_info library = {};
  if (dladdr(reinterpret_cast<const void*>(&LocateModel), &library) != 0 && library.dli_fname != nullptr) {
    AddInstallationOf(library.dli_fname, folders);
  }
  AddInstallationOf("/proc/self/exe", folders);
  folders.emplace_back(SEGFORGE_SOURCE_MODELS);
  return folders;
}

Result<fs::path> LocateBuiltIn() {
  std::string tried;
  for (const fs::path& folder : BuiltInFolders()) {
    if (Exists(folder / kBuiltInModel)) return folder / kBuiltInModel;
    if (tried.find(folder.string()) == std::string::npos)
      tried += (tried.empty() ? "" : ", ") + folder.string();
  }
  return InvalidInput("{}: the built-in model is in none of {}; set SEGFORGE_MODELS to its folder",
                      kBuiltInModel, tried);
}

}  // namespace

Result<fs::path> LocateModel(const std::string& model) {
  if (model == kBuiltInModel) return LocateBuiltIn();
  if (Exists(model)) return fs::path(model);
  std::vector<fs::path> folders;
  if (model.find('/') == std::string::npos) AddEnvironmentFolder(folders);
  for (const fs::path& folder : folders) {
    if (!model.empty() && Exists(folder / model)) return folder / model;
  }
  return InvalidInput("{}: no such file or folder, and no built-in model of that name (there is {})", model,
                      kBuiltInModel);
}

}  // namespace segforge
