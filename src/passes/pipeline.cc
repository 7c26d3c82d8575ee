#include "passes/pipeline.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "passes/decompose_gelu.h"
#include "passes/decompose_layer_norm.h"
#include "passes/fold_batch_norm.h"
#include "passes/fold_head.h"
#include "passes/fuse_attention.h"
#include "passes/fuse_decode_head.h"
#include "passes/fuse_depthwise_gelu.h"
#include "passes/fuse_epilogue.h"
#include "passes/fuse_gelu.h"
#include "passes/fuse_layer_norm.h"
#include "passes/fuse_mix_ffn.h"
#include "passes/lower_patch_conv.h"
#include "passes/merge_key_value.h"

namespace segforge {
namespace {

Status CheckNames(const std::vector<std::string>& disabled) {
  for (const std::string& name : disabled) {
    if (name == "all" || std::ranges::find(Pipeline(), name, &Pass::name) != Pipeline().end()) continue;
    std::vector<std::string_view> known;
    for (const Pass& pass : Pipeline()) known.push_back(pass.name);
    return InvalidInput("no pass is named \"{}\"; the passes are {} (or all)", name, fmt::join(known, ", "));
  }
  return Status();
}

// A pass that pays wherever its op is offered.
std::function<Result<int>(Graph&, const PassContext&)> Always(Result<int> (*run)(Graph&)) {
  return [run](Graph& graph, const PassContext&) { return run(graph); };
}

Result<int> DecomposeUnchosenLayerNorms(Graph& graph, const PassContext& context) {
  if (context.fusions.layer_norms.all()) return 0;
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<NodeId> chosen,
                            ChosenLayerNorms(graph, context.fusions.layer_norms));
  return DecomposeLayerNorm(graph, [&](NodeId id) { return std::ranges::find(chosen, id) != chosen.end(); });
}

Result<int> DecomposeUnchosenGelu(Graph& graph, const PassContext& context) {
  return context.fusions.gelu ? 0 : DecomposeGelu(graph);
}

Result<int> FuseTakenMixFfn(Graph& graph, const PassContext& context) {
  return FuseMixFfn(graph, context.takes);
}

bool IsEnabled(const Pass& pass, const PassOptions& options, const FusionChoice& fusions) {
  if (std::ranges::find(fusions.disabled, pass.name) != fusions.disabled.end()) return false;
  const auto names_pass = [&](const std::string& name) { return name == "all" || name == pass.name; };
  if (std::ranges::any_of(options.disabled, names_pass)) return false;
  return !options.offers || std::ranges::all_of(pass.makes, options.offers);
}

Result<PassReport> RunPass(const Pass& pass, Graph& graph, const PassOptions& options,
                           const PassContext& context) {
  const Graph before = options.on_change ? graph : Graph();
  const auto start = std::chrono::steady_clock::now();
  SEGFORGE_ASSIGN_OR_RETURN(const int rewrites, pass.run(graph, context));
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
  SEGFORGE_RETURN_IF_ERROR(Verify(graph));
  if (rewrites > 0 && options.on_change) options.on_change(pass, before, graph);
  return PassReport{pass.name, rewrites, time.count()};
}

}  // namespace

// What is not wanted whole comes apart once all of it is whole, so that a checkpoint's graph and an export's
// are chosen from alike. Then batch norms go first, so that the head is linear up to its ReLU. MixFfn takes
// whole half blocks; depthwise-gelu and epilogue pick up what it leaves.
std::span<const Pass> Pipeline() {
  static const std::vector<Pass> kPipeline = {
      {"fuse-layer-norm",
       "one LayerNorm for its mean, variance and division",
       {Op::kLayerNorm},
       Always(FuseLayerNorm)},
      {"fuse-gelu", "one GELU for its error function and products", {Op::kGelu}, Always(FuseGelu)},
      {"decompose-layer-norm",
       "the parts of each LayerNorm that --fuse leaves out",
       {Op::kReduceMean, Op::kSub, Op::kMul, Op::kAdd, Op::kSqrt, Op::kDiv},
       DecomposeUnchosenLayerNorms},
      {"decompose-gelu",
       "the parts of each GELU, where --fuse leaves it out",
       {Op::kErf, Op::kMul, Op::kAdd},
       DecomposeUnchosenGelu},
      {"fold-batch-norm", "BatchNorm goes into the weights before it", {}, Always(FoldBatchNorm)},
      {"fold-head",
       "the head's products run at each stage's own resolution",
       {Op::kUpsampleSum},
       Always(FoldHead)},
      {"fuse-decode-head",
       "one DecodeHead from the largest stage's product to the classifier",
       {Op::kDecodeHead},
       Always(FuseDecodeHead)},
      {"fuse-attention",
       "one Attention for its products and softmax",
       {Op::kAttention},
       Always(FuseAttention)},
      {"merge-key-value", "keys and values are one product", {}, Always(MergeKeyValue)},
      {"lower-patch-conv",
       "a convolution over patches is one product",
       {Op::kPatchLinear},
       Always(LowerPatchConv)},
      {"fuse-mix-ffn", "one MixFfn for the feed-forward half of a block", {Op::kMixFfn}, FuseTakenMixFfn},
      {"fuse-depthwise-gelu",
       "GELU goes into the depthwise convolution",
       {Op::kDepthwiseConvGelu},
       Always(FuseDepthwiseGelu)},
      {"fuse-epilogue",
       "residual and activation go into the product before",
       {Op::kLinearEpilogue},
       Always(FuseEpilogue)},
  };
  return kPipeline;
}

Result<std::vector<PassReport>> RunPasses(Graph& graph, const PassOptions& options) {
  SEGFORGE_RETURN_IF_ERROR(CheckNames(options.disabled));
  SEGFORGE_ASSIGN_OR_RETURN(FusionChoice fusions, ParseFusions(options.fuse));
  const PassContext context = {options.takes, std::move(fusions)};
  graph.NameValues();
  std::vector<PassReport> reports;
  for (const Pass& pass : Pipeline()) {
    if (!IsEnabled(pass, options, context.fusions)) continue;
    Result<PassReport> report = RunPass(pass, graph, options, context);
    if (!report.ok()) return report.status().Within(fmt::format("pass {}", pass.name));
    reports.push_back(*report);
  }
  return reports;
}

}  // namespace segforge
