// ONNX operators computed plainly, for tests of rewrites: what constants alone give, and the layers that
// rewrites make and take apart.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "onnx/simplify/evaluate.h"
#include "onnx/simplify/numbers.h"
#include "onnx/simplify/strided.h"

namespace segforge::simplify::testing {

using Doubles = std::vector<double>;
using Ints = std::vector<int64_t>;

struct Layer {
  const NodeView& view;
  const Shape& shape;  // of the output

  Doubles Input(size_t index) const { return ReadNumbers<double>(view.constant(index)->view); }
  const Shape& ShapeOf(size_t index) const { return view.constant(index)->view.shape; }
  Ints List(std::string_view name, const Ints& otherwise) const {
    const auto* list = view.spec().Find<Ints>(name);
    return list != nullptr ? *list : otherwise;
  }
  double Float(std::string_view name, double otherwise) const {
    const auto* value = view.spec().Find<float>(name);
    return value != nullptr ? *value : otherwise;
  }
};

// Calls add(output, input, tap) for each element of x [N, C, H, W] under each window; input -1 is padding.
template <typename Add>
void ForEachTap(const Layer& layer, int64_t kernel_h, int64_t kernel_w, const Add& add) {
  const Shape& x = layer.ShapeOf(0);
  const Ints strides = layer.List("strides", {1, 1}), pads = layer.List("pads", {0, 0, 0, 0});
  for (int64_t i = 0; i < layer.shape.elems(); ++i) {
    const int64_t column = i % layer.shape[3], row = i / layer.shape[3] % layer.shape[2];
    for (int64_t tap = 0; tap < kernel_h * kernel_w; ++tap) {
      const int64_t h = row * strides[0] - pads[0] + tap / kernel_w;
      const int64_t w = column * strides[1] - pads[1] + tap % kernel_w;
      const bool inside = h >= 0 && w >= 0 && h < x[2] && w < x[3];
      add(i, inside ? h * x[3] + w : -1, tap);
    }
  }
}

inline Doubles Conv(const Layer& layer) {
  const Doubles x = layer.Input(0), w = layer.Input(1);
  const Shape &shape = layer.ShapeOf(0), &kernel = layer.ShapeOf(1);
  const int64_t plane = layer.shape[2] * layer.shape[3], outputs = layer.shape[1];
  const int64_t group_outputs = outputs / layer.view.spec().Int("group", 1);
  Doubles y(static_cast<size_t>(layer.shape.elems()), 0.0);
  ForEachTap(layer, kernel[2], kernel[3], [&](int64_t i, int64_t at, int64_t tap) {
    const int64_t channel = i / plane % outputs, image = i / (plane * outputs);
    for (int64_t c = 0; at >= 0 && c < kernel[1]; ++c) {
      const int64_t from = channel / group_outputs * kernel[1] + c;
      y[static_cast<size_t>(i)] +=
          x[static_cast<size_t>((image * shape[1] + from) * shape[2] * shape[3] + at)] *
          w[static_cast<size_t>((channel * kernel[1] + c) * kernel[2] * kernel[3] + tap)];
    }
  });
  for (size_t i = 0; layer.view.Has(2) && i < y.size(); ++i)
    y[i] += layer.Input(2)[i / static_cast<size_t>(plane) % static_cast<size_t>(outputs)];
  return y;
}

inline Doubles Pool(const Layer& layer) {
  const bool is_max = layer.view.spec().op == "MaxPool";
  const Ints kernel = layer.List("kernel_shape", {});
  const Doubles x = layer.Input(0);
  const int64_t from = layer.ShapeOf(0)[2] * layer.ShapeOf(0)[3], to = layer.shape[2] * layer.shape[3];
  constexpr double kLeast = -std::numeric_limits<double>::infinity();
  Doubles y(static_cast<size_t>(layer.shape.elems()), is_max ? kLeast : 0.0);
  ForEachTap(layer, kernel[0], kernel[1], [&](int64_t i, int64_t at, int64_t) {
    if (at < 0) return;
    const double value = x[static_cast<size_t>(i / to * from + at)];
    double& sum = y[static_cast<size_t>(i)];
    sum = is_max ? std::max(sum, value) : sum + value / static_cast<double>(kernel[0] * kernel[1]);
  });
  return y;
}

inline Doubles Pad(const Layer& layer) {
  const Ints pads = *layer.view.Numbers(1, "pads");
  const Shape& from = layer.ShapeOf(0);
  Doubles y(static_cast<size_t>(layer.shape.elems()), layer.view.Has(2) ? layer.Input(2)[0] : 0.0);
  const Doubles x = layer.Input(0);
  const Ints strides = StridesOf(layer.shape);
  int64_t start = 0;
  for (size_t axis = 0; axis < strides.size(); ++axis) start += pads[axis] * strides[axis];
  ForEachStrided(from, strides, [&](int64_t offset, int64_t i) {
    y[static_cast<size_t>(start + offset)] = x[static_cast<size_t>(i)];
  });
  return y;
}

inline Doubles BatchNorm(const Layer& layer) {
  Doubles y = layer.Input(0);
  const Doubles gamma = layer.Input(1), beta = layer.Input(2), mean = layer.Input(3),
                variance = layer.Input(4);
  const size_t plane = y.size() / static_cast<size_t>(layer.shape[0] * layer.shape[1]);
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t c = i / plane % gamma.size();
    y[i] = (y[i] - mean[c]) / std::sqrt(variance[c] + layer.Float("epsilon", 1e-5)) * gamma[c] + beta[c];
  }
  return y;
}

inline Doubles Gemm(const Layer& layer) {
  const Doubles a = layer.Input(0), b = layer.Input(1);
  const bool is_transposed = layer.view.spec().Int("transB", 0) != 0;
  const int64_t inner = layer.ShapeOf(0)[1], columns = layer.shape[1];
  Doubles y(static_cast<size_t>(layer.shape.elems()), 0.0);
  for (int64_t i = 0; i < layer.shape.elems(); ++i) {
    for (int64_t k = 0; k < inner; ++k) {
      const int64_t at = is_transposed ? i % columns * inner + k : k * columns + i % columns;
      y[static_cast<size_t>(i)] +=
          a[static_cast<size_t>(i / columns * inner + k)] * b[static_cast<size_t>(at)];
    }
    if (layer.view.Has(2)) y[static_cast<size_t>(i)] += layer.Input(2)[static_cast<size_t>(i % columns)];
  }
  return y;
}

inline Doubles LayerNorm(const Layer& layer) {
  Doubles y = layer.Input(0);
  const Doubles gamma = layer.Input(1);
  const Doubles beta = layer.view.Has(2) ? layer.Input(2) : Doubles(gamma.size(), 0.0);
  for (size_t row = 0; row < y.size(); row += gamma.size()) {
    double mean = 0, variance = 0;
    for (size_t c = 0; c < gamma.size(); ++c) mean += y[row + c] / static_cast<double>(gamma.size());
    for (size_t c = 0; c < gamma.size(); ++c)
      variance += std::pow(y[row + c] - mean, 2) / static_cast<double>(gamma.size());
    for (size_t c = 0; c < gamma.size(); ++c) {
      y[row + c] =
          (y[row + c] - mean) / std::sqrt(variance + layer.Float("epsilon", 1e-5)) * gamma[c] + beta[c];
    }
  }
  return y;
}

inline Doubles Gelu(const Layer& layer) {
  Doubles y = layer.Input(0);
  for (double& value : y) value = 0.5 * value * (1 + std::erf(value / std::sqrt(2.0)));
  return y;
}

inline Doubles ShapeOf(const Layer& layer) {
  return {layer.ShapeOf(0).dims().begin(), layer.ShapeOf(0).dims().end()};
}

// Every output constant, from a graph whose inputs are.
inline void Run(Graph& graph) {
  const std::map<std::string, Doubles (*)(const Layer&)> kernels = {{"Conv", Conv},
                                                                    {"MaxPool", Pool},
                                                                    {"AveragePool", Pool},
                                                                    {"Pad", Pad},
                                                                    {"BatchNormalization", BatchNorm},
                                                                    {"Gemm", Gemm},
                                                                    {"Gelu", Gelu},
                                                                    {"Shape", ShapeOf},
                                                                    {"LayerNormalization", LayerNorm}};
  for (const NodeId id : graph.Order()) {
    const NodeView view(graph, graph.node(id));
    std::vector<KnownValue> values = Evaluate(view).value();
    const auto kernel = kernels.find(view.spec().op);
    if (kernel != kernels.end()) {
      const Types types = InferTypes(view).value();
      Ints dims;
      for (const Size& size : *types[0].dims) dims.push_back(size.value());
      const Shape shape(dims);
      values = {FloatConstant(*types[0].dtype, shape, kernel->second({view, shape}))};
    }
    ASSERT_FALSE(values.empty()) << view.spec().op;
    const std::vector<ValueId> outputs = view.node().outputs;
    for (size_t i = 0; i < outputs.size() && i < values.size(); ++i) {
      if (outputs[i] != kNone) graph.MakeConstant(outputs[i], values[i]);
    }
  }
}

}  // namespace segforge::simplify::testing
