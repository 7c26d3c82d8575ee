#include "formats/onnx_scan.h"

#include <array>

#include "base/byte_reader.h"

namespace segforge {
namespace {

// kNumbers: packed numbers of varying length; kOther: messages that are not looked into; kText: one copy of
// the bytes.
enum class Content : uint8_t { kModel, kGraph, kNode, kAttribute, kTensor, kNumbers, kOther, kText };

struct Field {
  Content in;
  uint64_t number;
  Content holds;
};
constexpr std::array<Field, 28> kFields = {{
    {Content::kModel, 7, Content::kGraph},      {Content::kModel, 8, Content::kOther},
    {Content::kModel, 14, Content::kOther},     {Content::kModel, 20, Content::kOther},
    {Content::kModel, 25, Content::kOther},     {Content::kGraph, 1, Content::kNode},
    {Content::kGraph, 5, Content::kTensor},     {Content::kGraph, 11, Content::kOther},
    {Content::kGraph, 12, Content::kOther},     {Content::kGraph, 13, Content::kOther},
    {Content::kGraph, 14, Content::kOther},     {Content::kGraph, 15, Content::kOther},
    {Content::kNode, 5, Content::kAttribute},   {Content::kAttribute, 5, Content::kTensor},
    {Content::kAttribute, 6, Content::kGraph},  {Content::kAttribute, 8, Content::kNumbers},
    {Content::kAttribute, 10, Content::kOther}, {Content::kAttribute, 11, Content::kGraph},
    {Content::kAttribute, 14, Content::kOther}, {Content::kAttribute, 15, Content::kOther},
    {Content::kAttribute, 22, Content::kOther}, {Content::kAttribute, 23, Content::kOther},
    {Content::kTensor, 1, Content::kNumbers},   {Content::kTensor, 3, Content::kOther},
    {Content::kTensor, 5, Content::kNumbers},   {Content::kTensor, 7, Content::kNumbers},
    {Content::kTensor, 11, Content::kNumbers},  {Content::kTensor, 13, Content::kOther},
}};

constexpr int64_t kBytesPerField = 256;  // more than any of the schema's messages takes when it is empty
constexpr int64_t kBytesPerNumberByte = 8;
constexpr int64_t kBytesPerOtherByte = kBytesPerField / 2;  // an empty message is two bytes in the file
constexpr int kMaxDepth = 17;                               // of graphs, the outermost counted
enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

Content Holds(Content in, uint64_t number) {
  for (const Field& field : kFields) {
    if (field.in == in && field.number == number) return field.holds;
  }
  return Content::kText;
}

Result<uint64_t> ReadVarint(ByteReader& reader) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    SEGFORGE_ASSIGN_OR_RETURN(const auto byte, reader.Read<uint8_t>());
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return InvalidInput("not an ONNX file: a number of more than 10 bytes at offset {}", reader.position());
}

Result<int64_t> ScanMessage(std::span<const std::byte> bytes, Content message, int depth);

Result<int64_t> ScanField(ByteReader& reader, Content message, uint64_t number, int depth) {
  SEGFORGE_ASSIGN_OR_RETURN(const uint64_t length, ReadVarint(reader));
  SEGFORGE_ASSIGN_OR_RETURN(const auto content, reader.Take(static_cast<size_t>(length)));
  const auto size = static_cast<int64_t>(length);
  const Content held = Holds(message, number);
  if (held == Content::kGraph && ++depth > kMaxDepth)
    return Unsupported("graphs inside of graphs: expected at most {} of them", kMaxDepth - 1);
  if (held == Content::kText) return kBytesPerField + size;
  if (held == Content::kNumbers) return kBytesPerField + size * kBytesPerNumberByte;
  if (held == Content::kOther) return kBytesPerField + size * kBytesPerOtherByte;
  SEGFORGE_ASSIGN_OR_RETURN(const int64_t inside, ScanMessage(content, held, depth));
  return kBytesPerField + inside;
}

Result<int64_t> ScanMessage(std::span<const std::byte> bytes, Content message, int depth) {
  ByteReader reader(bytes);
  int64_t total = 0;
  while (reader.left() > 0) {
    SEGFORGE_ASSIGN_OR_RETURN(const uint64_t tag, ReadVarint(reader));
    int64_t taken = 8;
    switch (tag & 7) {
      case kVarint:
        SEGFORGE_RETURN_IF_ERROR(ReadVarint(reader).status());
        break;
      case kFixed64:
        SEGFORGE_RETURN_IF_ERROR(reader.Take(8).status());
        break;
      case kFixed32:
        SEGFORGE_RETURN_IF_ERROR(reader.Take(4).status());
        break;
      case kLength: {
        SEGFORGE_ASSIGN_OR_RETURN(taken, ScanField(reader, message, tag >> 3, depth));
        break;
      }
      default:
        return InvalidInput("not an ONNX file: a field of wire type {} at offset {}", tag & 7,
                            reader.position());
    }
    total += taken;
  }
  return total;
}

}  // namespace

Result<int64_t> ScanOnnx(std::span<const std::byte> bytes) { return ScanMessage(bytes, Content::kModel, 0); }

}  // namespace segforge
