#include "onnx/simplify/simplify.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>

#include "formats/printable.h"
#include "onnx/simplify/convert_opset.h"
#include "onnx/simplify/flatten_product.h"
#include "onnx/simplify/fold_affine.h"
#include "onnx/simplify/fold_constants.h"
#include "onnx/simplify/fold_pad.h"
#include "onnx/simplify/fold_shapes.h"
#include "onnx/simplify/fuse_concats.h"
#include "onnx/simplify/fuse_gathers.h"
#include "onnx/simplify/fuse_gelu.h"
#include "onnx/simplify/fuse_layer_norm.h"
#include "onnx/simplify/fuse_reshapes.h"
#include "onnx/simplify/fuse_transposes.h"
#include "onnx/simplify/infer.h"
#include "onnx/simplify/merge_duplicates.h"
#include "onnx/simplify/move_transposes.h"
#include "onnx/simplify/remove_dead.h"
#include "onnx/simplify/remove_no_ops.h"

namespace segforge::simplify {
namespace {

struct Rewrite {
  std::string_view name;
  std::string_view summary;  // one line for the user
  Result<int> (*run)(Graph& graph);
};

// Constants go first: what follows matches them. Dead nodes go last, so that readers are counted right in the
// next round.
constexpr auto kRewrites = std::to_array<Rewrite>({
    {"remove-dead", "what nobody reads goes", RemoveDead},
    {"fold-constants", "what constants alone give is a constant", FoldConstants},
    {"fold-shapes", "shapes that are known but for one size are constants", FoldShapes},
    {"remove-no-ops", "what changes nothing goes", RemoveNoOps},
    {"merge-duplicates", "what is there twice is there once", MergeDuplicates},
    {"fuse-gathers", "one Gather for the sizes taken out of a shape", FuseGathers},
    {"fuse-concats", "one Concat for one inside of another", FuseConcats},
    {"fuse-reshapes", "one Reshape for several in a row", FuseReshapes},
    {"fuse-transposes", "one Transpose for two in a row", FuseTransposes},
    {"move-transposes", "Transposes move to where they cancel", MoveTransposes},
    {"fold-affine", "BatchNorm, factors and sums go into the weights before them", FoldAffine},
    {"flatten-product", "a product between reshapes is of two axes and takes its sum", FlattenProduct},
    {"fold-pad", "Pad goes into the window that reads it", FoldPad},
    {"remove-dead", "what nobody reads goes", RemoveDead},
});

constexpr int kMostRounds = 50;  // each rewrite leaves less to do; more is a bug

std::map<std::string, int> CountNodes(const std::vector<OnnxNode>& nodes) {
  std::map<std::string, int> counts;
  for (const OnnxNode& node : nodes)
    ++counts[Printable(node.domain.empty() ? node.op : node.domain + "." + node.op)];
  return counts;
}

Status FixInput(Graph& graph, const std::string& name, const std::vector<int64_t>& dims) {
  const auto input =
      std::ranges::find(graph.inputs(), name, [&](ValueId id) { return graph.value(id).name; });
  if (input == graph.inputs().end()) {
    std::string known;
    for (const ValueId id : graph.inputs())
      known += (known.empty() ? "" : ", ") + Printable(graph.value(id).name);
    return InvalidInput("no input is named \"{}\"; there is {}", name, known);
  }
  std::optional<Sizes>& said = graph.value(*input).said.dims;
  const Sizes fixed(dims.begin(), dims.end());
  bool fits = !said || said->size() == fixed.size();
  for (size_t i = 0; fits && said && i < fixed.size(); ++i)
    fits = !(*said)[i].is_known() || (*said)[i] == fixed[i];
  if (!fits) return InvalidInput("input \"{}\": it is {}, got {}", name, ToString(*said), ToString(fixed));
  said = fixed;
  return Status();
}

Status FixInputs(Graph& graph, const Options& options) {
  for (const auto& [name, dims] : options.input_dims) SEGFORGE_RETURN_IF_ERROR(FixInput(graph, name, dims));
  return Status();
}

class Runner {
 public:
  Runner(Graph& graph, Report& report) : graph_(graph), report_(report) {}

  Result<int> Run(std::string_view name, std::string_view summary,
                  const std::function<Result<int>()>& rewrite) {
    const auto start = std::chrono::steady_clock::now();
    Result<int> count = rewrite();
    if (!count.ok()) return count;
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
    const Status sound = graph_.Verify();
    if (!sound.ok()) return sound.Within(fmt::format("rewrite {}", name));
    auto entry = std::ranges::find(report_.rewrites, name, &RewriteReport::name);
    if (entry == report_.rewrites.end()) entry = report_.rewrites.insert(entry, {name, summary});
    entry->rewrites += *count;
    entry->time_us += time.count();
    return count;
  }

  // All of them, over and over, until nothing is left to do.
  Status RunToFixedPoint() {
    for (int round = 0; round < kMostRounds; ++round) {
      SEGFORGE_RETURN_IF_ERROR(Infer(graph_));
      int changes = 0;
      for (const Rewrite& rewrite : kRewrites) {
        SEGFORGE_ASSIGN_OR_RETURN(const int count,
                                  Run(rewrite.name, rewrite.summary, [&] { return rewrite.run(graph_); }));
        changes += count;
      }
      if (changes == 0) return Status();
    }
    return Status();
  }

 private:
  Graph& graph_;
  Report& report_;
};

Status CheckOpset(int64_t opset) {
  if (opset >= kMinOpset && opset <= kMaxOpset) return Status();
  return Unsupported("opset {}: expected {} to {}", opset, kMinOpset, kMaxOpset);
}

}  // namespace

Result<OnnxFile> Simplify(OnnxFile file, const Options& options, Report& report) {
  SEGFORGE_RETURN_IF_ERROR(CheckOpset(file.opset));
  report.before = CountNodes(file.nodes);
  Graph graph(std::move(file));
  SEGFORGE_RETURN_IF_ERROR(FixInputs(graph, options));
  Runner runner(graph, report);
  SEGFORGE_RETURN_IF_ERROR(runner.RunToFixedPoint());
  if (options.opset != 0) SEGFORGE_RETURN_IF_ERROR(ConvertOpset(graph, options.opset));
  const auto norms = [&] { return FuseLayerNorm(graph, options.layer_norm); };
  const auto gelus = [&] { return FuseGelu(graph, options.gelu); };
  SEGFORGE_RETURN_IF_ERROR(
      runner.Run("fuse-layer-norm", "one LayerNormalization for its parts", norms).status());
  SEGFORGE_RETURN_IF_ERROR(runner.Run("fuse-gelu", "one Gelu for its parts", gelus).status());
  SEGFORGE_RETURN_IF_ERROR(runner.RunToFixedPoint());
  // Since version 4 initializers need not be inputs.
  graph.set_ir_version(std::max(graph.ir_version(), IrVersionOf(graph.opset())));
  OnnxFile result = graph.ToFile();
  report.after = CountNodes(result.nodes);
  return result;
}

}  // namespace segforge::simplify
