#include "formats/safetensors.h"

#include <algorithm>
#include <array>

#include "base/byte_reader.h"
#include "formats/json.h"
#include "formats/printable.h"

namespace segforge {
namespace {

using nlohmann::json;

constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr size_t kLengthBytes = 8;

struct DTypeRow {
  std::string_view name;
  DType dtype;
};
constexpr std::array<DTypeRow, 11> kDTypes = {{{"F64", DType::kF64},
                                               {"F32", DType::kF32},
                                               {"F16", DType::kF16},
                                               {"BF16", DType::kBF16},
                                               {"I64", DType::kI64},
                                               {"I32", DType::kI32},
                                               {"I16", DType::kI16},
                                               {"I8", DType::kI8},
                                               {"U16", DType::kU16},
                                               {"U8", DType::kU8},
                                               {"BOOL", DType::kBool}}};

struct Range {
  int64_t begin;
  int64_t end;
  std::string_view name;
};

// The array of non-negative integers under `key`; nothing else is taken for a size.
Result<std::vector<int64_t>> ReadSizes(const json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end() || !found->is_array()) return InvalidInput("\"{}\" is not an array", key);
  std::vector<int64_t> sizes;
  for (const json& item : *found) {
    if (!item.is_number_unsigned() || item.get<uint64_t>() > INT64_MAX)
      return InvalidInput("\"{}\" holds something else than sizes", key);
    sizes.push_back(item.get<int64_t>());
  }
  return sizes;
}

Result<DType> ReadDType(const json& row) {
  const auto found = row.find("dtype");
  if (found == row.end() || !found->is_string()) return InvalidInput("no \"dtype\"");
  const auto& name = found->get_ref<const std::string&>();
  const auto known = std::ranges::find(kDTypes, std::string_view(name), &DTypeRow::name);
  if (known == kDTypes.end()) return Unsupported("type \"{}\" is not supported", Printable(name));
  return known->dtype;
}

Result<ConstTensorView> ReadTensor(const json& row, std::span<const std::byte> data, Range& range) {
  if (!row.is_object()) return InvalidInput("expected an object with dtype, shape and data_offsets");
  SEGFORGE_ASSIGN_OR_RETURN(const DType dtype, ReadDType(row));
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<int64_t> dims, ReadSizes(row, "shape"));
  SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, Shape::FromUntrusted(dims));
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<int64_t> offsets, ReadSizes(row, "data_offsets"));
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    return InvalidInput("\"data_offsets\" is not a begin and an end");
  if (static_cast<uint64_t>(offsets[1]) > data.size()) {
    return InvalidInput("data_offsets [{}, {}] exceed the {} bytes of data", offsets[0], offsets[1],
                        data.size());
  }
  range = {offsets[0], offsets[1], range.name};
  const ConstTensorView view = {data.data() + offsets[0], dtype, shape};
  if (static_cast<size_t>(offsets[1] - offsets[0]) != view.bytes()) {
    return InvalidInput("expected {} bytes for {} {}, got {}", view.bytes(), NameOf(dtype), ToString(shape),
                        offsets[1] - offsets[0]);
  }
  return view;
}

Status CheckOverlaps(std::vector<Range>& ranges) {
  std::erase_if(ranges, [](const Range& range) { return range.begin == range.end; });
  std::ranges::sort(ranges, {}, &Range::begin);
  for (size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].begin < ranges[i - 1].end) {
      return InvalidInput("tensors \"{}\" and \"{}\" overlap", Printable(ranges[i - 1].name),
                          Printable(ranges[i].name));
    }
  }
  return Status();
}

Status ReadCheckedMetadata(const json& row, Checkpoint& checkpoint) {
  if (!row.is_object()) return InvalidInput("__metadata__ is not an object");
  for (const auto& [key, value] : row.items()) {
    if (!value.is_string()) return InvalidInput("__metadata__ \"{}\" is not a string", Printable(key));
    checkpoint.metadata.emplace_back(key, value.get<std::string>());
  }
  return Status();
}

Result<json> ReadHeader(ByteReader& reader) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto length, reader.Read<uint64_t>());
  if (length > kMaxHeaderBytes) return InvalidInput("header of {} bytes exceeds {}", length, kMaxHeaderBytes);
  SEGFORGE_ASSIGN_OR_RETURN(const auto text, reader.Take(static_cast<size_t>(length)));
  SEGFORGE_ASSIGN_OR_RETURN(json header, ParseJson(text));
  if (!header.is_object()) return InvalidInput("header is not a JSON object");
  return header;
}

}  // namespace

bool LooksLikeSafetensors(std::span<const std::byte> bytes) {
  uint64_t length = 0;
  if (bytes.size() <= kLengthBytes || bytes[kLengthBytes] != std::byte{'{'}) return false;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  return length <= UINT32_MAX;  // a longer one is a chance hit on another format
}

Result<Checkpoint> SafetensorsFromBytes(const SharedBytes& source) {
  ByteReader reader(source.bytes);
  SEGFORGE_ASSIGN_OR_RETURN(const json header, ReadHeader(reader));
  const std::span<const std::byte> data = source.bytes.subspan(reader.position());
  Checkpoint checkpoint;
  if (source.owner != nullptr) checkpoint.owned.push_back(source.owner);
  std::vector<Range> ranges;
  for (const auto& [name, row] : header.get_ref<const json::object_t&>()) {
    if (name == "__metadata__") {
      SEGFORGE_RETURN_IF_ERROR(ReadCheckedMetadata(row, checkpoint));
      continue;
    }
    ranges.push_back({0, 0, name});
    auto tensor = ReadTensor(row, data, ranges.back());
    if (!tensor.ok()) return tensor.status().Within(fmt::format("tensor \"{}\"", Printable(name)));
    checkpoint.tensors.push_back({name, *tensor});
  }
  SEGFORGE_RETURN_IF_ERROR(CheckOverlaps(ranges));
  SEGFORGE_RETURN_IF_ERROR(SortAndCheckNames(checkpoint));
  return checkpoint;
}

}  // namespace segforge
