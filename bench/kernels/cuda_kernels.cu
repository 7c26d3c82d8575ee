// The CUDA kernels at the shapes of SegFormer-B1, 1024 x 1024, batch 1: time, bytes and products a second.
//   cuda_kernels [fp16|bf16|tf32|fp32] [SIDE [PRODUCT]]
// SIDE, a multiple of 64: the encoder alone, for square images of that side instead of 1024; of its products
// only those whose name contains PRODUCT.
// Each case is a graph of 20 launches between two events; the median of 15 runs of it is printed, launch
// included. "error" is the greatest difference from a plain float32 kernel over the greatest value.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "backend/cuda/attention.h"
#include "backend/cuda/conv2d.h"
#include "backend/cuda/decode_head.h"
#include "backend/cuda/depthwise_conv.h"
#include "backend/cuda/gemm.h"
#include "backend/cuda/mix_ffn.h"
#include "backend/cuda/mix_ffn_weights.h"
#include "backend/cuda/normalize.h"
#include "backend/cuda/resize.h"
#include "backend/cuda/row_ops.h"
#include "backend/cuda/upsample.h"

namespace segforge::cuda {
namespace {

void Check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(error));
  std::exit(1);
}

void* Upload(const std::vector<float>& values, DType dtype) {
  std::vector<uint16_t> narrow;
  for (const float value : values) {
    if (dtype == DType::kF16) narrow.push_back(HalfFromFloat(value));
    if (dtype == DType::kBF16) narrow.push_back(Bfloat16FromFloat(value));
  }
  const size_t bytes = values.size() * SizeOf(dtype);
  void* device = nullptr;
  Check(cudaMalloc(&device, bytes), "memory");
  const void* from = dtype == DType::kF32 ? static_cast<const void*>(values.data()) : narrow.data();
  Check(cudaMemcpy(device, from, bytes, cudaMemcpyHostToDevice), "copy");
  return device;
}

// Values as activations have them: small numbers of either sign.
void* Random(int64_t elems, DType dtype) {
  static uint32_t state = 1;
  std::vector<float> values(static_cast<size_t>(elems));
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int32_t>(state)) * (1.0f / 2147483648.0f);
  }
  return Upload(values, dtype);
}

std::vector<float> Download(const void* from, int64_t elems, DType dtype) {
  const size_t bytes = static_cast<size_t>(elems) * SizeOf(dtype);
  std::vector<float> values(static_cast<size_t>(elems));
  std::vector<uint16_t> narrow(static_cast<size_t>(elems));
  void* to = dtype == DType::kF32 ? static_cast<void*>(values.data()) : narrow.data();
  Check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "copy");
  if (dtype == DType::kF32) return values;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = dtype == DType::kF16 ? FloatFromHalf(narrow[i]) : FloatFromBfloat16(narrow[i]);
  }
  return values;
}

// The greatest difference between two maps over the greatest magnitude of the second.
double RelativeError(const void* a, const void* b, int64_t elems, DType dtype) {
  const auto x = Download(a, elems, dtype), y = Download(b, elems, dtype);
  double difference = 0, greatest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double d = std::abs(static_cast<double>(x[i]) - static_cast<double>(y[i]));
    difference = d <= difference ? difference : d;
    greatest = std::max(greatest, std::abs(static_cast<double>(y[i])));
  }
  return difference / greatest;
}

// Milliseconds of one launch; the median of as many runs.
double Measure(const std::string& name, int runs, const std::function<void(cudaStream_t)>& launch) {
  cudaStream_t stream;
  Check(cudaStreamCreate(&stream), "stream");
  cudaEvent_t start, stop;
  Check(cudaEventCreate(&start), "event");
  Check(cudaEventCreate(&stop), "event");
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  launch(stream);
  Check(cudaStreamSynchronize(stream), name.c_str());
  constexpr int kLaunches = 20;
  Check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
  for (int i = 0; i < kLaunches; ++i) launch(stream);
  Check(cudaStreamEndCapture(stream, &graph), "capture");
  Check(cudaGraphInstantiate(&exec, graph, 0), "graph");
  std::vector<float> times;
  for (int run = 0; run <= runs; ++run) {
    Check(cudaEventRecord(start, stream), "event");
    Check(cudaGraphLaunch(exec, stream), "launch");
    Check(cudaEventRecord(stop, stream), "event");
    Check(cudaStreamSynchronize(stream), name.c_str());
    float ms = 0;
    Check(cudaEventElapsedTime(&ms, start, stop), "event");
    if (run > 0) times.push_back(ms / kLaunches);
  }
  Check(cudaGraphExecDestroy(exec), "graph");
  Check(cudaGraphDestroy(graph), "graph");
  Check(cudaStreamDestroy(stream), "stream");
  std::sort(times.begin(), times.end());
  return static_cast<double>(times[times.size() / 2]);
}

// `error` below 0: not compared with anything.
void Time(const std::string& name, double error, double gflop, double megabytes,
          const std::function<void(cudaStream_t)>& launch) {
  const double ms = Measure(name, 15, launch);
  std::printf("%-22s %8.2f us %8.1f TFLOP/s %8.2f TB/s", name.c_str(), ms * 1e3, gflop / ms,
              megabytes / ms * 1e-3);
  if (error >= 0) std::printf("   error %.1e", error);
  std::printf("\n");
}

// w [n, k] f32 in the order and storage of the products.
void* Packed(const void* w, int n, int k, DType dtype) {
  const auto values = Download(w, int64_t{n} * k, DType::kF32);
  std::vector<float> packed(static_cast<size_t>(PackedRows(n)) * k, 0.0f);
  for (int row = 0; row < PackedRows(n); ++row) {
    const int o = OutputOfPackedRow(row);
    if (o < n) std::copy_n(values.begin() + int64_t{o} * k, k, packed.begin() + int64_t{row} * k);
  }
  return Upload(packed, dtype);
}

struct Stage {
  int side, channels, heads, sr;
};
// At another side than 1024, sides shrink with it.
int image_side = 1024;
std::string product_part;
Stage StageOf(int index) {
  constexpr Stage kStages[] = {{4, 64, 1, 8}, {8, 128, 2, 4}, {16, 320, 5, 2}, {32, 512, 8, 1}};
  Stage stage = kStages[index];
  stage.side = image_side / stage.side;
  return stage;
}

// The same product by every tiling that there is; the best of them are printed.
void Tilings(Precision precision, const std::string& name, GemmArgs args, const void* plain) {
  const DType dtype = StorageOf(precision);
  const int64_t elems = int64_t{args.m} * args.n;
  std::vector<std::pair<double, std::string>> results;
  double worst = 0;
  for (const GemmTiling& tiling : GemmTilings(precision, args)) {
    void* partial = nullptr;
    Check(cudaMalloc(&partial, static_cast<size_t>(GemmScratchBytes(args.m, args.n, tiling) + 1)), "memory");
    args.partial = static_cast<float*>(partial);
    Check(cudaMemset(args.y, 0xff, static_cast<size_t>(elems) * SizeOf(dtype)), "fill");
    LaunchGemm(precision, args, tiling, nullptr);
    Check(cudaDeviceSynchronize(), name.c_str());
    Check(cudaGetLastError(), NameOf(tiling).c_str());
    const double error = elems < 2000000 ? RelativeError(args.y, plain, elems, dtype) : 0;
    worst = error <= worst ? worst : error;
    results.emplace_back(
        Measure(name, 5, [&](cudaStream_t stream) { LaunchGemm(precision, args, tiling, stream); }) * 1e3,
        NameOf(tiling));
    Check(cudaFree(partial), "memory");
  }
  std::sort(results.begin(), results.end());
  std::printf("    chosen: %s; worst error %.1e; best:", NameOf(ChooseGemmTiling(precision, args)).c_str(),
              worst);
  for (size_t i = 0; i < std::min<size_t>(results.size(), 4); ++i) {
    std::printf(" (%s) %.2f", results[i].second.c_str(), results[i].first);
  }
  std::printf("\n");
}

void Gemm(Precision precision, const std::string& name, int m, int n, int k, const Patches* patches = nullptr,
          int64_t a_elems = 0, bool residual = false) {
  if (name.find(product_part) == std::string::npos) return;
  const DType dtype = StorageOf(precision);
  GemmArgs args;
  const int64_t size = static_cast<int64_t>(SizeOf(dtype));
  a_elems = a_elems == 0 ? int64_t{m} * k : a_elems;
  args.a = Random(a_elems, dtype);
  const void* plain_w = Random(int64_t{n} * k, DType::kF32);
  args.w = Packed(plain_w, n, k, dtype);
  args.bias = static_cast<float*>(Random(n, DType::kF32));
  const void* residual_map = residual ? Random(int64_t{m} * n, dtype) : nullptr;
  args.residual = residual_map;
  args.y = Random(int64_t{m} * n, dtype);
  args.m = m, args.n = n, args.k = k, args.patches = patches;
  const int64_t scratch = GemmScratchBytes(m, n, k, precision);
  if (scratch > 0) args.partial = static_cast<float*>(Random(scratch / 4, DType::kF32));
  PlainConvArgs plain;
  plain.x = args.a, plain.w = static_cast<const float*>(plain_w), plain.bias = args.bias,
  plain.residual = residual_map;
  plain.y = Random(int64_t{m} * n, dtype);
  plain.n = plain.height = plain.out_height = 1, plain.width = plain.out_width = m, plain.channels = k;
  plain.out_channels = n;
  if (patches != nullptr) {
    plain.height = patches->height, plain.width = patches->width, plain.channels = patches->channels;
    plain.out_height = patches->out_height, plain.out_width = patches->out_width;
    plain.stride = patches->stride, plain.pad = patches->pad;
    plain.kernel_h = plain.kernel_w = patches->row_elems / patches->channels;
  }
  LaunchPlainConv(dtype, plain, nullptr);
  LaunchGemm(precision, args, nullptr);
  Check(cudaDeviceSynchronize(), name.c_str());
  const double error = RelativeError(args.y, plain.y, int64_t{m} * n, dtype);
  const double bytes =
      static_cast<double>((a_elems + int64_t{n} * k + int64_t{m} * n * (residual ? 2 : 1)) * size);
  Time(name, error, 2e-9 * m * n * k, bytes * 1e-6,
       [&](cudaStream_t stream) { LaunchGemm(precision, args, stream); });
  Tilings(precision, name, args, plain.y);
}

// The feed-forward half of a block in one kernel, against the same in float32, step by step.
void MixFfn(Precision precision, int index) {
  const auto [side, c, heads, sr] = StageOf(index);
  const int tokens = side * side, hidden = 4 * c;
  if (!FusesMixFfn(precision, c, hidden)) return;
  const DType dtype = StorageOf(precision);
  const auto values = [](int elems, float scale, float offset) {
    auto v = Download(Random(elems, DType::kF32), elems, DType::kF32);
    for (float& value : v) value = value * scale + offset;
    return v;
  };
  const auto gamma = values(c, 0.3f, 1), beta = values(c, 0.3f, 0), w1 = values(hidden * c, 0.2f, 0),
             b1 = values(hidden, 0.5f, 0), wd = values(9 * hidden, 0.5f, 0), bd = values(hidden, 0.5f, 0),
             w2 = values(c * hidden, 0.1f, 0), b2 = values(c, 0.5f, 0);
  const auto up = [](const std::vector<float>& v) { return static_cast<float*>(Upload(v, DType::kF32)); };
  const PackedMixFfn packed = PackMixFfn({gamma, beta, w1, b1, wd, bd, w2}, precision);
  MixFfnArgs args;
  args.x = Random(int64_t{tokens} * c, dtype), args.y = Random(int64_t{tokens} * c, dtype);
  args.w1 = Upload(packed.w1, dtype), args.w2 = Upload(packed.w2, dtype), args.b2 = up(b2);
  void* taps = nullptr;
  Check(cudaMalloc(&taps, packed.taps.size() * 4), "memory");
  Check(cudaMemcpy(taps, packed.taps.data(), packed.taps.size() * 4, cudaMemcpyHostToDevice), "copy");
  args.taps = static_cast<uint32_t*>(taps);
  args.n = 1, args.height = args.width = side, args.channels = c, args.hidden = hidden, args.eps = 1e-6f;

  float* x = up(Download(args.x, int64_t{tokens} * c, dtype));
  float* middle = static_cast<float*>(Random(int64_t{tokens} * hidden, DType::kF32));
  float* active = static_cast<float*>(Random(int64_t{tokens} * hidden, DType::kF32));
  float* normal = static_cast<float*>(Random(int64_t{tokens} * c, DType::kF32));
  LayerNormArgs norm;
  norm.x = x, norm.y = normal, norm.gamma = up(gamma), norm.beta = up(beta);
  norm.rows = tokens, norm.channels = c, norm.eps = args.eps;
  LaunchLayerNorm(DType::kF32, norm, nullptr);
  PlainConvArgs fc;
  fc.x = normal, fc.w = up(w1), fc.bias = up(b1), fc.y = middle;
  fc.n = fc.height = fc.out_height = 1, fc.width = fc.out_width = tokens;
  fc.channels = c, fc.out_channels = hidden;
  LaunchPlainConv(DType::kF32, fc, nullptr);
  DepthwiseConvArgs conv;
  conv.x = middle, conv.y = active, conv.w = up(wd), conv.bias = up(bd);
  conv.n = 1, conv.height = conv.width = side, conv.channels = hidden, conv.gelu = true;
  LaunchDepthwiseConv(DType::kF32, conv, nullptr);
  fc.x = active, fc.w = up(w2), fc.bias = args.b2, fc.y = normal, fc.residual = x;
  fc.channels = hidden, fc.out_channels = c;
  LaunchPlainConv(DType::kF32, fc, nullptr);
  LaunchMixFfn(precision, args, nullptr);
  Check(cudaDeviceSynchronize(), "mix_ffn");
  const auto result = Upload(Download(args.y, int64_t{tokens} * c, dtype), DType::kF32);
  Time("stage" + std::to_string(index + 1) + " mix_ffn",
       RelativeError(result, normal, int64_t{tokens} * c, DType::kF32), 2e-9 * tokens * hidden * (2 * c + 9),
       2e-6 * tokens * c * 2, [&](cudaStream_t stream) { LaunchMixFfn(precision, args, stream); });
}

void Encoder(Precision precision, int index) {
  const Stage s = StageOf(index);
  const int keys = image_side / 32 * (image_side / 32);
  const DType dtype = StorageOf(precision);
  const double size = static_cast<double>(SizeOf(dtype));
  const int tokens = s.side * s.side, c = s.channels;
  const auto name = [&](const char* what) { return "stage" + std::to_string(index + 1) + " " + what; };

  LayerNormArgs norm;
  norm.x = Random(int64_t{tokens} * c, dtype), norm.y = Random(int64_t{tokens} * c, dtype);
  norm.gamma = static_cast<float*>(Random(c, DType::kF32)), norm.beta = norm.gamma;
  norm.rows = tokens, norm.channels = c, norm.eps = 1e-6f;
  Time(name("layer_norm"), -1, 0, 2e-6 * tokens * c * size,
       [&](cudaStream_t stream) { LaunchLayerNorm(dtype, norm, stream); });
  Gemm(precision, name("q"), tokens, c, c);
  if (s.sr > 1) {
    const Patches p = {s.side, s.side, c, s.side / s.sr, s.side / s.sr, s.sr, 0, s.sr * c};
    Gemm(precision, name("sr"), keys, c, s.sr * s.sr * c, &p, int64_t{tokens} * c);
  }
  Gemm(precision, name("kv"), keys, 2 * c, c);
  AttentionArgs attention;
  attention.q = norm.x, attention.y = norm.y, attention.kv = Random(int64_t{keys} * 2 * c, dtype);
  attention.n = 1, attention.queries = tokens, attention.keys = keys, attention.heads = s.heads;
  attention.width = c / s.heads, attention.scale = 0.125f;
  AttentionArgs exact = attention;  // the same in float32
  const auto wide = [&](const void* from, int64_t elems) {
    return Upload(Download(from, elems, dtype), DType::kF32);
  };
  exact.q = wide(attention.q, int64_t{tokens} * c), exact.kv = wide(attention.kv, int64_t{keys} * 2 * c);
  exact.y = Random(int64_t{tokens} * c, DType::kF32);
  LaunchAttention(Precision::kFp32, exact, nullptr);
  LaunchAttention(precision, attention, nullptr);
  Check(cudaDeviceSynchronize(), "attention");
  const double attention_error =
      RelativeError(wide(attention.y, int64_t{tokens} * c), exact.y, int64_t{tokens} * c, DType::kF32);
  Time(name("attention"), attention_error, 4e-9 * tokens * keys * c, 2e-6 * tokens * c * size,
       [&](cudaStream_t stream) { LaunchAttention(precision, attention, stream); });
  Gemm(precision, name("proj"), tokens, c, c, nullptr, 0, true);
  Gemm(precision, name("fc1"), tokens, 4 * c, c);
  DepthwiseConvArgs conv;
  conv.x = Random(int64_t{tokens} * 4 * c, dtype), conv.y = Random(int64_t{tokens} * 4 * c, dtype);
  conv.w = static_cast<float*>(Random(9 * 4 * c, DType::kF32)), conv.bias = conv.w;
  conv.n = 1, conv.height = conv.width = s.side, conv.channels = 4 * c, conv.gelu = true;
  DepthwiseConvArgs exact_conv = conv;
  exact_conv.x = wide(conv.x, int64_t{tokens} * 4 * c),
  exact_conv.y = Random(int64_t{tokens} * 4 * c, DType::kF32);
  LaunchDepthwiseConv(DType::kF32, exact_conv, nullptr);
  LaunchDepthwiseConv(dtype, conv, nullptr);
  Check(cudaDeviceSynchronize(), "depthwise");
  const double conv_error = RelativeError(wide(conv.y, int64_t{tokens} * 4 * c), exact_conv.y,
                                          int64_t{tokens} * 4 * c, DType::kF32);
  Time(name("dwconv+gelu"), conv_error, 18e-9 * tokens * 4 * c, 2e-6 * tokens * 4 * c * size,
       [&](cudaStream_t stream) { LaunchDepthwiseConv(dtype, conv, stream); });
  Gemm(precision, name("fc2"), tokens, c, 4 * c, nullptr, 0, true);
  if (index > 0) {
    const Stage before = StageOf(index - 1);
    const Patches p = {before.side, before.side, before.channels, s.side, s.side, 2, 1, 3 * before.channels};
    Gemm(precision, name("patch_embed"), tokens, c, 9 * before.channels, &p,
         int64_t{before.side} * before.side * before.channels);
    Gemm(precision, name("head"), tokens, 256, c);
  }
}

void Head(Precision precision) {
  const DType dtype = StorageOf(precision);
  DecodeHeadArgs head;
  constexpr int kHidden = 256, kClasses = 19, kSide = 256, kChannels = 64;
  head.x = Random(kSide * kSide * kChannels, dtype);
  head.w1 = Random(kHidden * kChannels, dtype), head.b1 = static_cast<float*>(Random(kHidden, DType::kF32));
  head.w2 = Random(kHeadClasses * kHidden, dtype), head.b2 = head.b1;
  for (int i = 0; i < 3; ++i) {
    const int side = kSide >> (i + 1);
    head.maps[i] = {Random(int64_t{side} * side * kHidden, dtype), side, side};
  }
  head.map_count = 3;
  head.y = static_cast<float*>(Random(kSide * kSide * kClasses, DType::kF32));
  head.n = 1, head.height = head.width = kSide, head.channels = kChannels, head.hidden = kHidden;
  head.classes = kClasses;
  Time("decode_head", -1, 2e-9 * kSide * kSide * kHidden * (kChannels + kClasses), 0,
       [&](cudaStream_t stream) { LaunchDecodeHead(precision, head, stream); });
  UpsampleArgmaxArgs argmax;
  argmax.logits = head.y;
  argmax.n = 1, argmax.height = argmax.width = kSide, argmax.classes = kClasses;
  argmax.out_height = argmax.out_width = 1024;
  argmax.labels = Random(1024 * 1024, DType::kF16);
  Time("upsample_argmax", -1, 0, 1e-6 * (kSide * kSide * kClasses * 4 + 1024 * 1024),
       [&](cudaStream_t stream) { LaunchUpsampleArgmax(argmax, stream); });
}

// From 2048 x 2048 pixels to the network's input.
void Pixels(Precision precision) {
  constexpr int kSide = 1024;
  const DType dtype = StorageOf(precision);
  const auto bytes = [](int64_t count) { return static_cast<uint8_t*>(Random(count / 2, DType::kF16)); };
  const auto table = [](const std::vector<int32_t>& values) {
    void* device = nullptr;
    Check(cudaMalloc(&device, values.size() * sizeof(int32_t)), "memory");
    Check(cudaMemcpy(device, values.data(), values.size() * sizeof(int32_t), cudaMemcpyHostToDevice), "copy");
    return static_cast<const int32_t*>(device);
  };
  // Pillow's triangle when sides halve: about four pixels an output.
  std::vector<int32_t> first;
  for (int i = 0; i < kSide; ++i) first.push_back(std::clamp(2 * i - 1, 0, 2 * kSide - 4));
  ResampleArgs args;
  args.x = bytes(4 * kSide * kSide * 3), args.y = bytes(2 * kSide * kSide * 3);
  args.height = 2 * kSide, args.width = kSide, args.x_side = 2 * kSide;
  args.table = {table(first), table(std::vector<int32_t>(kSide, 4)),
                table(std::vector<int32_t>(4 * kSide, 1 << 20)), 4};
  Time("resample_width", -1, 0, 1e-6 * 6 * kSide * kSide * 3,
       [&](cudaStream_t stream) { LaunchResampleWidth(args, stream); });
  args.height = kSide;
  Time("resample_height", -1, 0, 1e-6 * 3 * kSide * kSide * 3,
       [&](cudaStream_t stream) { LaunchResampleHeight(args, stream); });
  NormalizeArgs normalize;
  normalize.x = bytes(kSide * kSide * 3), normalize.y = Random(kSide * kSide * 3, dtype);
  normalize.pixels = kSide * kSide;
  for (float& one : normalize.std) one = 1;
  Time("normalize", -1, 0, 1e-6 * kSide * kSide * 3 * (1 + SizeOf(dtype)),
       [&](cudaStream_t stream) { LaunchNormalize(dtype, normalize, stream); });
}

}  // namespace
}  // namespace segforge::cuda

int main(int argc, char** argv) {
  using segforge::Precision;
  Precision precision = Precision::kFp16;
  if (argc > 1 && std::strcmp(argv[1], "bf16") == 0) precision = Precision::kBf16;
  if (argc > 1 && std::strcmp(argv[1], "tf32") == 0) precision = Precision::kTf32;
  if (argc > 1 && std::strcmp(argv[1], "fp32") == 0) precision = Precision::kFp32;
  if (argc > 2) segforge::cuda::image_side = std::atoi(argv[2]);
  if (argc > 3) segforge::cuda::product_part = argv[3];
  for (int stage = 0; stage < 4; ++stage) {
    segforge::cuda::Encoder(precision, stage);
    segforge::cuda::MixFfn(precision, stage);
  }
  if (argc > 2) return 0;
  segforge::cuda::Head(precision);
  segforge::cuda::Pixels(precision);
}
