#include "backend/cuda/product.h"

#include <bit>
#include <cstring>

#include "backend/cuda/conv2d.h"

namespace segforge::cuda {
namespace {

int64_t RoundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

int64_t ChunkElems(Precision precision) { return 16 / static_cast<int64_t>(SizeOf(StorageOf(precision))); }

}  // namespace

Result<DeviceBuffer> UploadFloats(const Tensor& tensor, const std::string& name) {
  return DeviceBuffer::Upload(tensor.view().data, tensor.span<float>().size_bytes(), name);
}

Result<DeviceBuffer> UploadAs(Precision precision, std::span<const float> values, const std::string& name) {
  const DType dtype = StorageOf(precision);
  if (precision == Precision::kTf32) {
    // The tensor cores cut the low bits off; rounding first halves that error.
    std::vector<float> rounded(values.begin(), values.end());
    for (float& value : rounded) {
      value = std::bit_cast<float>((std::bit_cast<uint32_t>(value) + 0x1000u) & 0xFFFFE000u);
    }
    return DeviceBuffer::Upload(rounded.data(), rounded.size() * sizeof(float), name);
  }
  if (dtype == DType::kF32) return DeviceBuffer::Upload(values.data(), values.size_bytes(), name);
  std::vector<uint16_t> narrow;
  narrow.reserve(values.size());
  for (const float value : values) {
    narrow.push_back(dtype == DType::kF16 ? HalfFromFloat(value) : Bfloat16FromFloat(value));
  }
  return DeviceBuffer::Upload(narrow.data(), narrow.size() * sizeof(uint16_t), name);
}

Result<Product> Product::Make(const Graph& graph, const Node& node, bool has_bias, Activation activation,
                              const Conv2dAttrs& attrs) {
  const Tensor* weight = graph.ConstantInput(node, 1);
  const Tensor* bias = has_bias ? graph.ConstantInput(node, 2) : nullptr;
  if (weight == nullptr || (has_bias && bias == nullptr)) {
    return Unsupported("{}: weights that are computed are not supported on a GPU", node.name);
  }
  return Make(node.name, node.precision, *weight, bias, activation, attrs);
}

Result<Product> Product::Make(const std::string& name, Precision precision, const Tensor& weight,
                              const Tensor* bias, Activation activation, const Conv2dAttrs& attrs) {
  const Shape& shape = weight.shape();
  Product product;
  product.precision_ = precision;
  product.activation_ = activation;
  product.out_channels_ = shape[0];
  product.channels_ = shape.back();
  if (shape.rank() == 4) {
    product.kernel_h_ = shape[1];
    product.kernel_w_ = shape[2];
  }
  product.stride_ = attrs.stride;
  product.pad_ = attrs.pad;
  product.way_ = product.ChooseWay();
  SEGFORGE_RETURN_IF_ERROR(product.Pack(name, weight));
  if (bias != nullptr) {
    SEGFORGE_ASSIGN_OR_RETURN(product.bias_, UploadFloats(*bias, name));
  }
  return product;
}

Product::Way Product::ChooseWay() const {
  const int64_t chunk = ChunkElems(precision_);
  if (channels_ % chunk == 0) {
    const bool one = kernel_h_ == 1 && kernel_w_ == 1 && stride_ == 1 && pad_ == 0;
    return one ? Way::kRows : Way::kPatches;
  }
  const bool padded = channels_ <= kPaddedChannels && kernel_w_ > 1 && stride_ * kPaddedChannels % chunk == 0;
  return padded ? Way::kPadded : Way::kPlain;
}

Status Product::Pack(const std::string& name, const Tensor& weight) {
  const auto values = weight.span<float>();
  row_elems_ = kernel_w_ * channels_;
  if (way_ == Way::kPlain) {
    SEGFORGE_ASSIGN_OR_RETURN(weight_, UploadFloats(weight, name));
    return Status();
  }
  if (way_ == Way::kPadded) row_elems_ = RoundUp(kernel_w_ * kPaddedChannels, ChunkElems(precision_));
  const int64_t pixel_elems = way_ == Way::kPadded ? kPaddedChannels : channels_;
  const int rows = PackedRows(static_cast<int>(out_channels_));
  std::vector<float> packed(static_cast<size_t>(rows * kernel_h_ * row_elems_), 0.0f);
  for (int row = 0; row < rows; ++row) {
    const int64_t o = OutputOfPackedRow(row);
    if (o >= out_channels_) continue;
    for (int64_t i = 0; i < kernel_h_ * kernel_w_ * channels_; ++i) {
      const int64_t c = i % channels_, kx = i / channels_ % kernel_w_, ky = i / channels_ / kernel_w_;
      const int64_t to = (row * kernel_h_ + ky) * row_elems_ + kx * pixel_elems + c;
      packed[static_cast<size_t>(to)] =
          values[static_cast<size_t>(o * kernel_h_ * kernel_w_ * channels_ + i)];
    }
  }
  SEGFORGE_ASSIGN_OR_RETURN(weight_, UploadAs(precision_, packed, name));
  return Status();
}

Shape Product::PaddedShape(const Shape& x) const {
  const int64_t width = (OutSide(x[2], kernel_w_) - 1) * stride_ + row_elems_ / kPaddedChannels;
  const int64_t height = (OutSide(x[1], kernel_h_) - 1) * stride_ + kernel_h_;
  // A row is a whole number of chunks.
  return {x[0], height, RoundUp(width, ChunkElems(precision_)), kPaddedChannels};
}

int64_t Product::PaddedBytes(const Shape& x) const {
  if (way_ != Way::kPadded) return 0;
  return RoundUp(PaddedShape(x).elems() * static_cast<int64_t>(SizeOf(StorageOf(precision_))), 256);
}

int Product::Rows(const Shape& x) const {
  if (way_ == Way::kRows) return static_cast<int>(x.elems() / channels_);
  return static_cast<int>(x[0] * OutSide(x[1], kernel_h_) * OutSide(x[2], kernel_w_));
}

GemmArgs Product::ArgsFor(const Shape& x, Patches& patches) const {
  GemmArgs args;
  args.w = weight_.data(), args.bias = bias(), args.activation = activation_;
  args.m = Rows(x), args.n = static_cast<int>(out_channels_), args.k = Depth();
  if (way_ == Way::kRows) return args;
  const Shape map = way_ == Way::kPadded ? PaddedShape(x) : x;
  patches.height = static_cast<int>(map[1]), patches.width = static_cast<int>(map[2]);
  patches.channels = static_cast<int>(map[3]);
  patches.out_height = static_cast<int>(OutSide(x[1], kernel_h_));
  patches.out_width = static_cast<int>(OutSide(x[2], kernel_w_));
  patches.stride = static_cast<int>(stride_), patches.pad = way_ == Way::kPadded ? 0 : static_cast<int>(pad_);
  patches.row_elems = static_cast<int>(row_elems_);
  args.patches = &patches;
  return args;
}

std::vector<GemmTiling> Product::Tilings(const Shape& x) const {
  if (way_ == Way::kPlain) return {};
  Patches patches;
  return GemmTilings(precision_, ArgsFor(x, patches));
}

int64_t Product::ScratchBytes(const Shape& x, const GemmTiling* tiling) const {
  if (way_ == Way::kPlain) return 0;
  const auto n = static_cast<int>(out_channels_);
  return PaddedBytes(x) + (tiling != nullptr ? GemmScratchBytes(Rows(x), n, *tiling)
                                             : GemmScratchBytes(Rows(x), n, Depth(), precision_));
}

std::optional<CublasLtProblem> Product::AsCublasLt(const Shape& x) const {
  if (way_ != Way::kRows) return std::nullopt;
  CublasLtProblem problem;
  problem.precision = precision_;
  problem.m = Rows(x), problem.n = static_cast<int>(out_channels_), problem.k = Depth();
  problem.activation = activation_;
  return problem;
}

Result<Product::PlainWeights> Product::Unpack(std::string_view name) const {
  SEGFORGE_CHECK(way_ == Way::kRows);
  const size_t row_bytes = static_cast<size_t>(channels_) * SizeOf(StorageOf(precision_));
  std::vector<std::byte> packed(weight_.bytes()), plain(static_cast<size_t>(out_channels_) * row_bytes);
  SEGFORGE_RETURN_IF_ERROR(
      StatusOf(cudaMemcpy(packed.data(), weight_.data(), packed.size(), cudaMemcpyDeviceToHost), name));
  for (int row = 0; row < PackedRows(static_cast<int>(out_channels_)); ++row) {
    const int64_t o = OutputOfPackedRow(row);
    if (o >= out_channels_) continue;
    std::memcpy(plain.data() + static_cast<size_t>(o) * row_bytes,
                packed.data() + static_cast<size_t>(row) * row_bytes, row_bytes);
  }
  PlainWeights weights;
  SEGFORGE_ASSIGN_OR_RETURN(weights.weight, DeviceBuffer::Upload(plain.data(), plain.size(), name));
  if (bias_.bytes() == 0) return weights;
  std::vector<float> bias(bias_.bytes() / sizeof(float));
  SEGFORGE_RETURN_IF_ERROR(
      StatusOf(cudaMemcpy(bias.data(), bias_.data(), bias_.bytes(), cudaMemcpyDeviceToHost), name));
  // A bias is added, not multiplied: in TF32 it keeps all its bits.
  const Precision kept = precision_ == Precision::kTf32 ? Precision::kFp32 : precision_;
  SEGFORGE_ASSIGN_OR_RETURN(weights.bias, UploadAs(kept, bias, std::string(name)));
  return weights;
}

void Product::Launch(const Shape& x, const Call& call) const {
  const DType dtype = StorageOf(precision_);
  if (way_ == Way::kPlain) {
    PlainConvArgs args;
    args.x = call.x, args.w = weight_.as<float>(), args.bias = bias(), args.residual = call.residual;
    args.y = call.y, args.y_is_float = call.y_is_float, args.activation = activation_;
    args.channels = static_cast<int>(channels_), args.out_channels = static_cast<int>(out_channels_);
    args.kernel_h = static_cast<int>(kernel_h_), args.kernel_w = static_cast<int>(kernel_w_);
    args.stride = static_cast<int>(stride_), args.pad = static_cast<int>(pad_);
    const bool is_map = x.rank() == 4 && (kernel_h_ > 1 || kernel_w_ > 1 || stride_ > 1);
    args.n = is_map ? static_cast<int>(x[0]) : 1;
    args.height = is_map ? static_cast<int>(x[1]) : 1;
    args.width = is_map ? static_cast<int>(x[2]) : static_cast<int>(x.elems() / channels_);
    args.out_height = static_cast<int>(OutSide(args.height, kernel_h_));
    args.out_width = static_cast<int>(OutSide(args.width, kernel_w_));
    return LaunchPlainConv(dtype, args, call.stream);
  }
  Patches patches;
  GemmArgs args = ArgsFor(x, patches);
  args.a = call.x, args.residual = call.residual, args.y = call.y, args.y_is_float = call.y_is_float;
  const GemmTiling tiling = call.tiling != nullptr ? *call.tiling : ChooseGemmTiling(precision_, args);
  if (GemmScratchBytes(args.m, args.n, tiling) > 0) {
    args.partial = reinterpret_cast<float*>(call.scratch + PaddedBytes(x));
  }
  if (way_ == Way::kPadded) {
    PadMapArgs pad;
    pad.x = call.x, pad.y = call.scratch;
    pad.n = static_cast<int>(x[0]), pad.height = static_cast<int>(x[1]), pad.width = static_cast<int>(x[2]);
    pad.channels = static_cast<int>(channels_);
    pad.padded_height = patches.height, pad.padded_width = patches.width, pad.pad = static_cast<int>(pad_);
    LaunchPadMap(dtype, pad, call.stream);
    args.a = call.scratch;
  }
  LaunchGemm(precision_, args, tiling, call.stream);
}

}  // namespace segforge::cuda
