#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "formats/checkpoint.h"
#include "formats/checkpoint_index.h"
#include "formats/printable.h"
#include "formats/safetensors.h"
#include "formats/torch_legacy.h"
#include "formats/torch_zip.h"

namespace segforge {
namespace {

struct Format {
  bool (*matches)(std::span<const std::byte> bytes);
  Result<Checkpoint> (*read)(const SharedBytes& source);
};

// safetensors has no magic bytes but a length, so it is told by more bytes than the others, and first.
constexpr std::array<Format, 3> kFormats = {{{LooksLikeSafetensors, SafetensorsFromBytes},
                                             {LooksLikeZip, TorchZipFromBytes},
                                             {LooksLikePickle, TorchLegacyFromBytes}}};

bool LooksLikeJson(std::span<const std::byte> bytes) {
  const std::string_view text = AsText(bytes.first(std::min<size_t>(bytes.size(), 64)));
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{' && !LooksLikeSafetensors(bytes);
}

std::string FirstBytes(std::span<const std::byte> bytes) {
  std::string text;
  for (std::byte byte : bytes.first(std::min<size_t>(bytes.size(), 8)))
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", static_cast<unsigned>(byte));
  return text;
}

}  // namespace

Result<Checkpoint> CheckpointFromBytes(const SharedBytes& source) {
  for (const Format& format : kFormats) {
    if (format.matches(source.bytes)) return format.read(source);
  }
  if (source.bytes.empty()) return InvalidInput("empty, expected a checkpoint (safetensors or torch .pth)");
  return InvalidInput("not a checkpoint that Segforge reads (safetensors, torch .pth); first bytes {}",
                      FirstBytes(source.bytes));
}

Result<Checkpoint> OpenCheckpoint(const std::filesystem::path& path) {
  auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status().Within(path.string());
  const auto owner = std::make_shared<MappedFile>(std::move(*file));
  auto checkpoint = LooksLikeJson(owner->bytes()) ? CheckpointFromIndex(owner->bytes(), path.parent_path())
                                                  : CheckpointFromBytes({owner->bytes(), owner});
  if (!checkpoint.ok()) return checkpoint.status().Within(path.string());
  return checkpoint;
}

}  // namespace segforge
