#include "eval/onnx_agreement.h"

#include <cmath>
#include <cstring>
#include <map>
#include <random>

#include "base/memory.h"
#include "eval/onnx_session.h"

namespace segforge {
namespace {

constexpr int64_t kFreeImageSize = 64;
constexpr int64_t kFreeListSize = 8;

Result<Shape> ShapeFor(const OnnxValueInfo& input, std::map<std::string, int64_t>& named) {
  if (!input.dtype || !input.dims)
    return Unsupported("input \"{}\" has no type to make data for", input.name);
  std::vector<int64_t> dims = *input.dims;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] != kFreeDim) continue;
    const int64_t usual = i == 0 ? 1 : dims.size() == 4 ? kFreeImageSize : kFreeListSize;
    const bool has_name = i < input.dim_names.size() && !input.dim_names[i].empty();
    dims[i] = has_name ? named.try_emplace(input.dim_names[i], usual).first->second : usual;
  }
  return Shape::FromUntrusted(dims);
}

template <typename T, typename Make>
void Fill(Tensor& tensor, const Make& make) {
  auto* elements = static_cast<T*>(tensor.view().data);
  for (int64_t i = 0; i < tensor.shape().elems(); ++i) elements[i] = static_cast<T>(make());
}

void FillWithNoise(Tensor& tensor, std::mt19937_64& random) {
  const auto noise = [&] { return static_cast<float>(random() >> 40) * 0x1p-23f - 1.0f; };
  const auto bit = [&] { return random() >> 63; };
  switch (tensor.dtype()) {
    case DType::kF64:
      return Fill<double>(tensor, noise);
    case DType::kF32:
      return Fill<float>(tensor, noise);
    case DType::kF16:
      return Fill<uint16_t>(tensor, [&] { return HalfFromFloat(noise()); });
    case DType::kBF16:
      return Fill<uint16_t>(tensor, [&] { return Bfloat16FromFloat(noise()); });
    case DType::kI64:
      return Fill<int64_t>(tensor, bit);
    case DType::kI32:
      return Fill<int32_t>(tensor, bit);
    case DType::kI16:
    case DType::kU16:
      return Fill<uint16_t>(tensor, bit);
    default:
      return Fill<uint8_t>(tensor, bit);
  }
}

double LimitOf(DType dtype) {
  if (!IsFloat(dtype)) return kMaxDifferentShare;
  return SizeOf(dtype) == 2 ? kMaxHalfDifference : kMaxFloatDifference;
}

double ShareOfDifferent(const ConstTensorView& a, const ConstTensorView& b) {
  const size_t width = SizeOf(a.dtype);
  const auto *left = static_cast<const std::byte*>(a.data), *right = static_cast<const std::byte*>(b.data);
  int64_t count = 0;
  for (size_t i = 0; i < a.bytes(); i += width) count += std::memcmp(left + i, right + i, width) != 0;
  return a.shape.elems() == 0 ? 0 : static_cast<double>(count) / static_cast<double>(a.shape.elems());
}

double FloatDifference(const ConstTensorView& a, const ConstTensorView& b) {
  const Tensor left = ToFloat32(a), right = ToFloat32(b);
  double greatest = 0, difference = 0;
  for (size_t i = 0; i < left.span<float>().size(); ++i) {
    const double x = left.span<float>()[i], y = right.span<float>()[i];
    if (x == y || (std::isnan(x) && std::isnan(y))) {
      if (std::isfinite(x)) greatest = std::max(greatest, std::abs(x));
      continue;
    }
    if (!std::isfinite(x) || !std::isfinite(y)) return std::numeric_limits<double>::infinity();
    greatest = std::max(greatest, std::abs(x));
    difference = std::max(difference, std::abs(x - y));
  }
  return difference == 0 ? 0 : difference / std::max(greatest, 1e-30);
}

double Difference(const ConstTensorView& a, const ConstTensorView& b) {
  if (a.dtype != b.dtype || a.shape != b.shape) return std::numeric_limits<double>::infinity();
  return IsFloat(a.dtype) ? FloatDifference(a, b) : ShareOfDifferent(a, b);
}

}  // namespace

Result<OnnxAgreement> CompareOnnx(const std::filesystem::path& before, const std::string& after_bytes,
                                  const OnnxFile& after, int runs) {
  SEGFORGE_ASSIGN_OR_RETURN(const auto first, OnnxSession::OpenFile(before));
  SEGFORGE_ASSIGN_OR_RETURN(const auto second, OnnxSession::OpenBytes(after_bytes));
  OnnxAgreement agreement;
  agreement.library = first->library();
  agreement.limit = kMaxFloatDifference;
  std::vector<std::string> outputs;
  for (const OnnxValueInfo& output : after.outputs) outputs.push_back(output.name);
  std::mt19937_64 random(1);
  for (int run = 0; run < runs; ++run) {
    std::vector<Tensor> tensors;
    std::vector<NamedInput> inputs;
    std::map<std::string, int64_t> named;
    for (const OnnxValueInfo& input : after.inputs) {
      SEGFORGE_ASSIGN_OR_RETURN(const Shape shape, ShapeFor(input, named));
      SEGFORGE_RETURN_IF_ERROR(CheckMemory(shape.elems() * 8, "an input of the check"));
      tensors.emplace_back(*input.dtype, shape);
      FillWithNoise(tensors.back(), random);
      inputs.push_back({input.name, std::as_const(tensors.back()).view()});
    }
    SEGFORGE_ASSIGN_OR_RETURN(const std::vector<Tensor> wanted, first->Run(inputs, outputs));
    SEGFORGE_ASSIGN_OR_RETURN(const std::vector<Tensor> got, second->Run(inputs, outputs));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const double limit = LimitOf(wanted[i].dtype());
      const double difference = Difference(wanted[i].view(), got[i].view());
      if (!agreement.output.empty() && difference / limit <= agreement.difference / agreement.limit) continue;
      agreement.difference = difference;
      agreement.limit = limit;
      agreement.output = outputs[i];
    }
  }
  return agreement;
}

}  // namespace segforge
