#include "formats/checkpoint_index.h"

#include <map>

#include "formats/json.h"
#include "formats/printable.h"

namespace segforge {
namespace {

using nlohmann::json;
using TensorsOfFile = std::map<std::string, std::vector<std::string>>;

constexpr size_t kMaxFiles = 1000;

// A plain file name: nothing that could lead out of the folder.
bool StaysInside(std::string_view name) {
  return IsPlainName(name) && name.find_first_of("/\\") == std::string_view::npos && name != "." &&
         name != "..";
}

Result<TensorsOfFile> ReadWeightMap(const json& index) {
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    return InvalidInput("not a checkpoint index: no \"weight_map\" object");
  TensorsOfFile files;
  for (const auto& [tensor, file] : index["weight_map"].get_ref<const json::object_t&>()) {
    if (!file.is_string()) return InvalidInput("weight_map \"{}\" is not a file name", Printable(tensor));
    const auto& name = file.get_ref<const std::string&>();
    if (!StaysInside(name)) {
      return InvalidInput("weight_map \"{}\": \"{}\" is not a file of the same folder", Printable(tensor),
                          Printable(name));
    }
    files[name].push_back(tensor);
    if (files.size() > kMaxFiles) return InvalidInput("weight_map names more than {} files", kMaxFiles);
  }
  return files;
}

Status AddFile(const std::filesystem::path& path, const std::vector<std::string>& wanted,
               Checkpoint& target) {
  auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status();
  const auto owner = std::make_shared<MappedFile>(std::move(*file));
  SEGFORGE_ASSIGN_OR_RETURN(Checkpoint part, CheckpointFromBytes({owner->bytes(), owner}));
  for (const std::string& name : wanted) {
    const ConstTensorView* tensor = part.Find(name);
    if (tensor == nullptr) return InvalidInput("tensor \"{}\" is missing", Printable(name));
    target.tensors.push_back({name, *tensor});
  }
  target.owned.insert(target.owned.end(), part.owned.begin(), part.owned.end());
  return Status();
}

void ReadMetadata(const json& index, Checkpoint& checkpoint) {
  const auto found = index.find("metadata");
  if (found == index.end() || !found->is_object()) return;
  for (const auto& [key, value] : found->items()) {
    if (value.is_string()) checkpoint.metadata.emplace_back(key, value.get<std::string>());
  }
}

}  // namespace

Result<Checkpoint> CheckpointFromIndex(std::span<const std::byte> index,
                                       const std::filesystem::path& folder) {
  SEGFORGE_ASSIGN_OR_RETURN(const json parsed, ParseJson(index));
  SEGFORGE_ASSIGN_OR_RETURN(const TensorsOfFile files, ReadWeightMap(parsed));
  Checkpoint checkpoint;
  ReadMetadata(parsed, checkpoint);
  for (const auto& [name, tensors] : files)
    SEGFORGE_RETURN_IF_ERROR(AddFile(folder / name, tensors, checkpoint).Within(name));
  SEGFORGE_RETURN_IF_ERROR(SortAndCheckNames(checkpoint));
  return checkpoint;
}

}  // namespace segforge
