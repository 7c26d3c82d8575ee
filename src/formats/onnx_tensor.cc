#include "formats/onnx_tensor.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "formats/onnx_external.h"

namespace segforge {
namespace {

using onnx::TensorProto;

struct TypeRow {
  DType dtype;
  int32_t data_type;
};
constexpr std::array<TypeRow, 11> kTypes = {{{DType::kF64, TensorProto::DOUBLE},
                                             {DType::kF32, TensorProto::FLOAT},
                                             {DType::kF16, TensorProto::FLOAT16},
                                             {DType::kBF16, TensorProto::BFLOAT16},
                                             {DType::kI64, TensorProto::INT64},
                                             {DType::kI32, TensorProto::INT32},
                                             {DType::kI16, TensorProto::INT16},
                                             {DType::kI8, TensorProto::INT8},
                                             {DType::kU16, TensorProto::UINT16},
                                             {DType::kU8, TensorProto::UINT8},
                                             {DType::kBool, TensorProto::BOOL}}};

// Elements that are kept as int32, or in another wider type: narrowed into memory of their own.
template <typename T, typename Values>
ConstTensorView Narrowed(const Values& values, const ConstTensorView& view, OnnxStorage& storage) {
  auto buffer = std::make_shared<AlignedBuffer>(view.bytes());
  auto* to = reinterpret_cast<T*>(buffer->data());
  for (const auto value : values) *to++ = static_cast<T>(value);
  storage.owned.push_back(buffer);
  return {buffer->data(), view.dtype, view.shape};
}

Status ExpectCount(int64_t got, const ConstTensorView& view) {
  if (got == view.shape.elems()) return Status();
  return InvalidInput("expected {} values for {}, got {}", view.shape.elems(), ToString(view.shape), got);
}

// Values in the field that belongs to their type.
Result<ConstTensorView> ReadTyped(const TensorProto& proto, ConstTensorView view, OnnxStorage& storage) {
  switch (view.dtype) {
    case DType::kF32:
      SEGFORGE_RETURN_IF_ERROR(ExpectCount(proto.float_data_size(), view));
      view.data = proto.float_data().data();
      return view;
    case DType::kF64:
      SEGFORGE_RETURN_IF_ERROR(ExpectCount(proto.double_data_size(), view));
      view.data = proto.double_data().data();
      return view;
    case DType::kI64:
      SEGFORGE_RETURN_IF_ERROR(ExpectCount(proto.int64_data_size(), view));
      view.data = proto.int64_data().data();
      return view;
    default:
      break;
  }
  SEGFORGE_RETURN_IF_ERROR(ExpectCount(proto.int32_data_size(), view));
  if (view.dtype == DType::kI32) {
    view.data = proto.int32_data().data();
    return view;
  }
  if (SizeOf(view.dtype) == 1) return Narrowed<uint8_t>(proto.int32_data(), view, storage);
  return Narrowed<uint16_t>(proto.int32_data(), view, storage);
}

Result<uint64_t> ReadSize(const std::string& text, std::string_view key) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return InvalidInput("external data: {} is not a number of bytes", key);
  return value;
}

Result<ConstTensorView> ReadExternal(const TensorProto& proto, ConstTensorView view, OnnxStorage& storage) {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") {
      SEGFORGE_ASSIGN_OR_RETURN(offset, ReadSize(entry.value(), "offset"));
    }
    if (entry.key() == "length") {
      SEGFORGE_ASSIGN_OR_RETURN(length, ReadSize(entry.value(), "length"));
    }
  }
  if (length && *length != view.bytes())
    return InvalidInput("external data: expected {} bytes, got {}", view.bytes(), *length);
  SEGFORGE_ASSIGN_OR_RETURN(const SharedBytes file, OpenExternalData(storage.folder, location));
  if (offset > file.bytes.size() || view.bytes() > file.bytes.size() - offset) {
    return InvalidInput("external data: {} bytes wanted at offset {}, the file has {}", view.bytes(), offset,
                        file.bytes.size());
  }
  storage.owned.push_back(file.owner);
  view.data = file.bytes.data() + offset;
  return view;
}

}  // namespace

Result<DType> OnnxDType(int32_t data_type) {
  const auto* found = std::ranges::find(kTypes, data_type, &TypeRow::data_type);
  if (found == kTypes.end()) return Unsupported("element type {} is not supported", data_type);
  return found->dtype;
}

int32_t OnnxNumberOf(DType dtype) {
  const auto* found = std::ranges::find(kTypes, dtype, &TypeRow::dtype);
  SEGFORGE_CHECK(found != kTypes.end());
  return found->data_type;
}

Result<ConstTensorView> ReadOnnxTensor(const TensorProto& proto, OnnxStorage& storage) {
  ConstTensorView view;
  SEGFORGE_ASSIGN_OR_RETURN(view.dtype, OnnxDType(proto.data_type()));
  const std::vector<int64_t> dims(proto.dims().begin(), proto.dims().end());
  SEGFORGE_ASSIGN_OR_RETURN(view.shape, Shape::FromUntrusted(dims));
  if (proto.has_segment()) return Unsupported("a tensor in segments is not supported");
  if (proto.data_location() == TensorProto::EXTERNAL) return ReadExternal(proto, view, storage);
  if (!proto.has_raw_data()) return ReadTyped(proto, view, storage);
  if (proto.raw_data().size() != view.bytes()) {
    return InvalidInput("expected {} bytes for {} {}, got {}", view.bytes(), NameOf(view.dtype),
                        ToString(view.shape), proto.raw_data().size());
  }
  view.data = proto.raw_data().data();
  return view;
}

}  // namespace segforge
