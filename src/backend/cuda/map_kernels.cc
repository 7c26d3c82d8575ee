// What works on maps: attention, depthwise convolution, upsampling and the head.
#include <array>

#include "backend/cuda/attention.h"
#include "backend/cuda/decode_head.h"
#include "backend/cuda/depthwise_conv.h"
#include "backend/cuda/kernels.h"
#include "backend/cuda/product.h"
#include "backend/cuda/upsample.h"

namespace segforge::cuda {
namespace {

int Int(int64_t value) { return static_cast<int>(value); }

class AttentionKernel final : public Kernel {
 public:
  AttentionKernel(const AttentionAttrs& attrs, Precision precision) : attrs_(attrs), precision_(precision) {}

  void Run(const KernelArgs& args) const override {
    const Shape &q = args.inputs[0].shape, &kv = args.inputs[1].shape;
    AttentionArgs attention;
    attention.q = args.inputs[0].data;
    attention.kv = args.inputs[1].data;
    attention.y = args.output.data;
    attention.n = Int(q[0]);
    attention.queries = Int(q[1] * q[2]);
    attention.keys = Int(kv[1] * kv[2]);
    attention.heads = Int(attrs_.heads);
    attention.width = Int(q[3] / attrs_.heads);
    attention.scale = attrs_.scale;
    LaunchAttention(precision_, attention, StreamOf(args));
  }

 private:
  AttentionAttrs attrs_;
  Precision precision_;
};

class DepthwiseConvKernel final : public Kernel {
 public:
  DepthwiseConvKernel(DeviceBuffer weight, DeviceBuffer bias, bool gelu)
      : weight_(std::move(weight)), bias_(std::move(bias)), gelu_(gelu) {}

  void Run(const KernelArgs& args) const override {
    const Shape& shape = args.output.shape;
    DepthwiseConvArgs conv;
    conv.x = args.inputs[0].data;
    conv.w = weight_.as<float>();
    conv.bias = bias_.as<float>();
    conv.y = args.output.data;
    conv.n = Int(shape[0]);
    conv.height = Int(shape[1]);
    conv.width = Int(shape[2]);
    conv.channels = Int(shape[3]);
    conv.gelu = gelu_;
    LaunchDepthwiseConv(args.output.dtype, conv, StreamOf(args));
  }

 private:
  DeviceBuffer weight_, bias_;
  bool gelu_;
};

void FillMaps(std::span<const ConstTensorView> inputs, Map (&maps)[kMaxMaps]) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    maps[i] = {inputs[i].data, Int(inputs[i].shape[1]), Int(inputs[i].shape[2])};
  }
}

// ResizeBilinear is the sum of one map and nothing.
class UpsampleSumKernel final : public Kernel {
 public:
  UpsampleSumKernel(Activation activation, bool has_x) : activation_(activation), has_x_(has_x) {}

  bool MayOverwrite(size_t index) const override { return has_x_ && index == 0; }

  void Run(const KernelArgs& args) const override {
    const Shape& shape = args.output.shape;
    UpsampleSumArgs sum;
    sum.x = has_x_ ? args.inputs[0].data : nullptr;
    FillMaps(args.inputs.subspan(has_x_ ? 1 : 0), sum.maps);
    sum.map_count = Int(static_cast<int64_t>(args.inputs.size())) - (has_x_ ? 1 : 0);
    sum.y = args.output.data;
    sum.n = Int(shape[0]);
    sum.height = Int(shape[1]);
    sum.width = Int(shape[2]);
    sum.channels = Int(shape[3]);
    sum.activation = activation_;
    LaunchUpsampleSum(args.output.dtype, sum, StreamOf(args));
  }

 private:
  Activation activation_;
  bool has_x_;
};

// In one kernel where its tiles fit; else two products with the hidden map in scratch memory.
class DecodeHeadKernel final : public Kernel {
 public:
  DecodeHeadKernel(Product first, Product second, DeviceBuffer fused_second, Precision precision, int hidden)
      : first_(std::move(first)),
        second_(std::move(second)),
        fused_second_(std::move(fused_second)),
        precision_(precision),
        hidden_(hidden) {}

  size_t ScratchBytes(std::span<const Shape> inputs, int) const override {
    if (IsFused(inputs)) return 0;
    const Shape hidden = HiddenShape(inputs[0]);
    const int64_t products = std::max(first_.ScratchBytes(inputs[0]), second_.ScratchBytes(hidden));
    return static_cast<size_t>(HiddenBytes(hidden) + products);
  }

  void Run(const KernelArgs& args) const override {
    std::array<Shape, kMaxMaps + 1> shapes;
    for (size_t i = 0; i < args.inputs.size(); ++i) shapes[i] = args.inputs[i].shape;
    if (IsFused(std::span(shapes).first(args.inputs.size()))) return RunFused(args);
    const Shape hidden = HiddenShape(args.inputs[0].shape);
    std::byte* scratch = args.scratch + HiddenBytes(hidden);
    first_.Launch(
        args.inputs[0].shape,
        {.x = args.inputs[0].data, .y = args.scratch, .scratch = scratch, .stream = StreamOf(args)});
    UpsampleSumArgs sum;
    sum.x = sum.y = args.scratch;
    FillMaps(args.inputs.subspan(1), sum.maps);
    sum.map_count = Int(static_cast<int64_t>(args.inputs.size())) - 1;
    sum.n = Int(hidden[0]);
    sum.height = Int(hidden[1]);
    sum.width = Int(hidden[2]);
    sum.channels = hidden_;
    sum.activation = Activation::kRelu;
    LaunchUpsampleSum(StorageOf(precision_), sum, StreamOf(args));
    second_.Launch(hidden, {.x = args.scratch,
                            .y = args.output.data,
                            .y_is_float = true,
                            .scratch = scratch,
                            .stream = StreamOf(args)});
  }

 private:
  bool IsFused(std::span<const Shape> inputs) const {
    Map maps[kMaxMaps];
    for (size_t i = 1; i < inputs.size(); ++i) maps[i - 1] = {nullptr, Int(inputs[i][1]), Int(inputs[i][2])};
    return fused_second_.data() != nullptr && FusesDecodeHead(precision_, std::span(maps, inputs.size() - 1),
                                                              Int(inputs[0][1]), Int(inputs[0][2]));
  }
  Shape HiddenShape(const Shape& x) const { return {x[0], x[1], x[2], hidden_}; }
  int64_t HiddenBytes(const Shape& hidden) const {
    return (hidden.elems() * static_cast<int64_t>(SizeOf(StorageOf(precision_))) + 255) / 256 * 256;
  }

  void RunFused(const KernelArgs& args) const {
    const Shape &x = args.inputs[0].shape, &y = args.output.shape;
    DecodeHeadArgs head;
    head.x = args.inputs[0].data;
    head.w1 = first_.packed();
    head.b1 = first_.bias();
    head.w2 = fused_second_.data();
    head.b2 = second_.bias();
    FillMaps(args.inputs.subspan(1), head.maps);
    head.map_count = Int(static_cast<int64_t>(args.inputs.size())) - 1;
    head.y = args.output.as<float>();
    head.n = Int(x[0]);
    head.height = Int(x[1]);
    head.width = Int(x[2]);
    head.channels = Int(x[3]);
    head.hidden = hidden_;
    head.classes = Int(y[3]);
    LaunchDecodeHead(precision_, head, StreamOf(args));
  }

  Product first_, second_;
  DeviceBuffer fused_second_;  // empty where the fused kernel does not take these shapes
  Precision precision_;
  int hidden_;
};

// w2 [K, D] with kHeadClasses rows and the columns where the fused kernel wants them.
Result<DeviceBuffer> PackFusedSecond(const Tensor& w2, Precision precision, const std::string& name) {
  const int64_t hidden = w2.shape()[1];
  std::vector<float> packed(static_cast<size_t>(kHeadClasses * hidden), 0.0f);
  for (int64_t k = 0; k < w2.shape()[0]; ++k) {
    for (int64_t place = 0; place < hidden; ++place) {
      packed[static_cast<size_t>(k * hidden + place)] =
          w2.span<float>()[static_cast<size_t>(k * hidden + HeadColumn(precision, Int(place)))];
    }
  }
  return UploadAs(precision, packed, name);
}

}  // namespace

MadeKernel MakeAttention(const Graph&, const Node& node) {
  return std::unique_ptr<Kernel>(
      std::make_unique<AttentionKernel>(node.as<AttentionAttrs>(), node.precision));
}

MadeKernel MakeDepthwiseConv(const Graph& graph, const Node& node) {
  const Tensor* weight = graph.ConstantInput(node, 1);
  const Tensor* bias = graph.ConstantInput(node, 2);
  if (weight == nullptr || bias == nullptr || weight->shape()[0] != 3) {
    return Unsupported("{}: on a GPU, a depthwise convolution has a constant 3 x 3 kernel", node.name);
  }
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer weight_copy, UploadFloats(*weight, node.name));
  SEGFORGE_ASSIGN_OR_RETURN(DeviceBuffer bias_copy, UploadFloats(*bias, node.name));
  return std::unique_ptr<Kernel>(std::make_unique<DepthwiseConvKernel>(
      std::move(weight_copy), std::move(bias_copy), node.op == Op::kDepthwiseConvGelu));
}

MadeKernel MakeUpsampleSum(const Graph&, const Node& node) {
  if (node.inputs.size() > kMaxMaps + 1) {
    return Unsupported("{}: on a GPU, at most {} maps are summed", node.name, kMaxMaps);
  }
  return std::unique_ptr<Kernel>(
      std::make_unique<UpsampleSumKernel>(node.as<UpsampleSumAttrs>().activation, true));
}

MadeKernel MakeResizeBilinear(const Graph&, const Node&) {
  return std::unique_ptr<Kernel>(std::make_unique<UpsampleSumKernel>(Activation::kNone, false));
}

MadeKernel MakeDecodeHead(const Graph& graph, const Node& node) {
  constexpr size_t kFirstMap = 5;
  const Tensor* constants[kFirstMap] = {};
  for (size_t i = 1; i < kFirstMap; ++i) {
    constants[i] = graph.ConstantInput(node, i);
    if (constants[i] == nullptr) return Unsupported("{}: weights must be constants", node.name);
  }
  if (node.inputs.size() - kFirstMap > kMaxMaps) {
    return Unsupported("{}: on a GPU, at most {} maps are summed", node.name, kMaxMaps);
  }
  const Tensor &w1 = *constants[1], &w2 = *constants[3];
  SEGFORGE_ASSIGN_OR_RETURN(Product first,
                            Product::Make(node.name, node.precision, w1, constants[2], Activation::kNone));
  SEGFORGE_ASSIGN_OR_RETURN(Product second,
                            Product::Make(node.name, node.precision, w2, constants[4], Activation::kNone));
  DeviceBuffer fused;
  if (FusesDecodeHead(node.precision, Int(w1.shape()[1]), Int(w1.shape()[0]), Int(w2.shape()[0]))) {
    SEGFORGE_ASSIGN_OR_RETURN(fused, PackFusedSecond(w2, node.precision, node.name));
  }
  return std::unique_ptr<Kernel>(std::make_unique<DecodeHeadKernel>(
      std::move(first), std::move(second), std::move(fused), node.precision, Int(w1.shape()[0])));
}

}  // namespace segforge::cuda
