#include "formats/npy.h"

#include <cstring>

#include "base/byte_reader.h"
#include "formats/npy_header.h"
#include "formats/printable.h"
#include "formats/strided.h"
#include "formats/zip.h"

namespace segforge {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::string_view kSuffix = ".npy";

Result<std::span<const std::byte>> TakeHeader(ByteReader& reader) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto magic, reader.Take(kNpyMagic.size()));
  if (AsText(magic) != kNpyMagic) return InvalidInput("not a .npy file");
  SEGFORGE_ASSIGN_OR_RETURN(const auto major, reader.Read<uint8_t>());
  SEGFORGE_RETURN_IF_ERROR(reader.Read<uint8_t>().status());  // the minor version changes nothing
  if (major < 1 || major > 3) return Unsupported(".npy version {} is not supported, expected 1 to 3", major);
  if (major == 1) {
    SEGFORGE_ASSIGN_OR_RETURN(const auto length, reader.Read<uint16_t>());
    return reader.Take(length);
  }
  SEGFORGE_ASSIGN_OR_RETURN(const auto length, reader.Read<uint32_t>());
  return reader.Take(length);
}

// Appends the array to `target`.
Status AddArray(const SharedBytes& source, std::string name, Checkpoint& target) {
  ByteReader reader(source.bytes);
  SEGFORGE_ASSIGN_OR_RETURN(const auto text, TakeHeader(reader));
  SEGFORGE_ASSIGN_OR_RETURN(const NpyHeader header, ParseNpyHeader(AsText(text)));
  ConstTensorView view = {source.bytes.data() + reader.position(), header.dtype, header.shape};
  if (reader.left() != view.bytes()) {
    return InvalidInput("expected {} bytes for {} {}, got {}", view.bytes(), NameOf(view.dtype),
                        ToString(view.shape), reader.left());
  }
  if (header.fortran_order && !IsRowMajor(view.shape, ColumnMajorStrides(view.shape))) {
    SEGFORGE_ASSIGN_OR_RETURN(const auto copy, CopyToRowMajor(view, ColumnMajorStrides(view.shape)));
    view.data = copy->data();
    target.owned.push_back(copy);
  } else if (source.owner != nullptr) {
    target.owned.push_back(source.owner);
  }
  target.tensors.push_back({std::move(name), view});
  return Status();
}

}  // namespace

Result<Checkpoint> NpyFromBytes(const SharedBytes& source, std::string name) {
  Checkpoint checkpoint;
  SEGFORGE_RETURN_IF_ERROR(AddArray(source, std::move(name), checkpoint));
  SEGFORGE_RETURN_IF_ERROR(SortAndCheckNames(checkpoint));
  return checkpoint;
}

Result<Checkpoint> NpzFromBytes(const SharedBytes& source) {
  SEGFORGE_ASSIGN_OR_RETURN(const ZipArchive archive, ZipArchive::FromBytes(source));
  Checkpoint checkpoint;
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(kSuffix))
      return InvalidInput("entry \"{}\" is not a .npy file", Printable(entry.name));
    SEGFORGE_ASSIGN_OR_RETURN(const SharedBytes content, archive.Read(entry));
    std::string name(entry.name.substr(0, entry.name.size() - kSuffix.size()));
    SEGFORGE_RETURN_IF_ERROR(AddArray(content, std::move(name), checkpoint).Within(Printable(entry.name)));
  }
  SEGFORGE_RETURN_IF_ERROR(SortAndCheckNames(checkpoint));
  return checkpoint;
}

Result<Checkpoint> OpenNpy(const std::filesystem::path& path) {
  auto file = MappedFile::Open(path);
  if (!file.ok()) return file.status().Within(path.string());
  const auto owner = std::make_shared<MappedFile>(std::move(*file));
  const SharedBytes source = {owner->bytes(), owner};
  auto arrays = LooksLikeZip(source.bytes) ? NpzFromBytes(source) : NpyFromBytes(source, "array");
  if (!arrays.ok()) return arrays.status().Within(path.string());
  return arrays;
}

std::vector<std::byte> NpyStart(DType dtype, const Shape& shape) {
  constexpr size_t kAlignment = 64;
  const std::string text = FormatNpyHeader(dtype, shape);
  const size_t prefix = kNpyMagic.size() + 4;  // magic, version, length
  const size_t padded = (prefix + text.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  std::vector<std::byte> start(padded, std::byte{' '});
  const auto length = static_cast<uint16_t>(padded - prefix);
  std::memcpy(start.data(), kNpyMagic.data(), kNpyMagic.size());
  start[kNpyMagic.size()] = std::byte{1};
  start[kNpyMagic.size() + 1] = std::byte{0};
  std::memcpy(start.data() + kNpyMagic.size() + 2, &length, sizeof(length));
  std::memcpy(start.data() + prefix, text.data(), text.size());
  start[padded - 1] = std::byte{'\n'};
  return start;
}

std::vector<std::byte> EncodeNpy(const ConstTensorView& tensor) {
  std::vector<std::byte> file = NpyStart(tensor.dtype, tensor.shape);
  const auto* data = static_cast<const std::byte*>(tensor.data);
  file.insert(file.end(), data, data + tensor.bytes());
  return file;
}

}  // namespace segforge
