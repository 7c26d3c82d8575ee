// Writes a graph of ours, node by node, as an ONNX graph.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "onnx/export.h"

namespace segforge {

// How ONNX has a value. What the graph keeps as [N,H,W,C], ONNX has in one of two ways, or in both.
enum class Form : uint8_t {
  kMap,     // [N,C,H,W]
  kTokens,  // [N,H*W,C]
  kOwn,     // with the graph's own axes: attention's [N,heads,H*W,C/heads] and what leads to it
};

struct ExportedValue {
  Form form = Form::kOwn;  // the one that it was made in
  std::string name;
};

class Exporter {
 public:
  // Both must outlive it.
  Exporter(const Graph& graph, const OnnxExportOptions& options);

  Result<OnnxFile> Run();

  // What exports of single operations are made of.
  const Graph& graph() const { return graph_; }
  int64_t opset() const { return options_.opset; }
  NodeId current() const { return current_; }  // the node that is being written
  Form FormOf(NodeId value) const { return values_.at(value).made; }
  // The value's name in that form; the nodes that move its axes are added when it is first asked for.
  std::string As(Form form, NodeId value);
  // Whether a transposed value is read by one product alone, which wants its last two axes the other way
  // round.
  bool IsReadTransposed(NodeId value) const;

  // Each returns the name of the value made, which is `name` unless that is taken.
  std::string Add(std::string_view op, const std::string& name, std::vector<std::string> inputs,
                  std::vector<OnnxAttribute> attributes = {});
  std::string AddWeight(const std::string& name, std::shared_ptr<const Tensor> tensor);  // f32, or stored f16
  std::string AddConstant(NodeId constant);                  // as it is in the graph
  std::string Scalar(const std::string& name, float value);  // one for each name
  std::string Numbers(const std::vector<int64_t>& values);   // i64 [count], one for each list

  // For Reshape, which takes the first axis as it is where it is free, and finds one other free axis itself.
  std::vector<int64_t> ReshapeSizes(const DimShape& shape) const;
  // A map resized to height x width, as a map of the graph is somewhere before.
  std::string Resized(const std::string& name, NodeId value, const Dim& height, const Dim& width);

 private:
  std::optional<int64_t> Known(const Dim& dim) const;  // empty where it depends on what is free
  std::string AddTensor(const std::string& name, std::shared_ptr<const Tensor> tensor);
  std::string ToTokens(NodeId value);
  std::string ToMap(NodeId value);
  std::string SizeOf(const Dim& height, const Dim& width);  // i64 [2]
  std::string ResizeSizes(const std::string& name, NodeId value, const Dim& height,
                          const Dim& width);  // i64 [4]
  std::string LeftOut();                      // an input of Resize
  std::string UniqueName(const std::string& name);
  void Set(NodeId value, const ExportedValue& exported);
  Status ExportNode(NodeId id);
  Status CheckWeights() const;
  void AddImage(const Node& input, NodeId id);
  void AddOutput();
  OnnxValueInfo InfoOf(const std::string& name, DType dtype, const std::vector<Dim>& shape,
                       const std::vector<std::string>& names) const;

  const Graph& graph_;
  const OnnxExportOptions& options_;
  const std::vector<std::vector<NodeId>> readers_;
  OnnxFile file_;
  NodeId current_ = 0;
  struct Forms {
    Form made = Form::kOwn;
    std::map<Form, std::string> names;  // of those that are there
  };
  std::map<NodeId, Forms> values_;
  std::map<std::string, std::string> map_of_size_;  // by height and width: a map that has them
  std::map<std::string, std::string> shared_;       // scalars, lists and sizes, by what they are
  std::unordered_set<std::string> names_;
};

using Export = ExportedValue (*)(Exporter& exporter, const Node& node);
struct ExportRow {
  Op op;
  Export write;
};
// One table a file: products and norms; number by number; moves of axes.
std::span<const ExportRow> LayerExports();
std::span<const ExportRow> ElementwiseExports();
std::span<const ExportRow> ArrangementExports();

}  // namespace segforge
