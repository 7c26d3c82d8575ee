#include "passes/fusions.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "ir/name_pattern.h"

namespace segforge {
namespace {

constexpr std::string_view kLayerNorm = "layernorm";

constexpr std::array<Fusion, 11> kFusions = {{
    {kLayerNorm, "fuse-layer-norm", "decompose-layer-norm"},
    {"gelu", "fuse-gelu", "decompose-gelu"},
    {"batchnorm", "fold-batch-norm", ""},
    {"head-fold", "fold-head", ""},
    {"decode-head", "fuse-decode-head", ""},
    {"attention", "fuse-attention", ""},
    {"key-value", "merge-key-value", ""},
    {"patch-conv", "lower-patch-conv", ""},
    {"mixffn", "fuse-mix-ffn", ""},
    {"depthwise-gelu", "fuse-depthwise-gelu", ""},
    {"epilogue", "fuse-epilogue", ""},
}};

Result<const Fusion*> FindFusion(std::string_view word) {
  const auto found = std::ranges::find(kFusions, word, &Fusion::word);
  if (found != kFusions.end()) return &*found;
  std::vector<std::string_view> known;
  known.reserve(kFusions.size());
  for (const Fusion& fusion : kFusions) known.push_back(fusion.word);
  return InvalidInput("no fusion is named \"{}\"; the fusions are {}", word, fmt::join(known, ", "));
}

std::optional<int64_t> CountIn(std::string_view text) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_count = error == std::errc() && end == text.data() + text.size() && count >= 0;
  return is_count ? std::optional(count) : std::nullopt;
}

// "layernorm=TEXT" but for all.
Status ChooseLayerNorms(std::string_view text, LayerNormChoice& choice) {
  if (text == "none") {
    choice.first = 0;
  } else if (const std::optional<int64_t> count = CountIn(text)) {
    choice.first = count;
  } else if (!text.empty()) {
    choice.names.emplace_back(text);
  } else {
    return InvalidInput("layernorm: expected all, none, a number or names, got nothing");
  }
  return Status();
}

Status Choose(const Fusion& fusion, std::string_view text, FusionChoice& choice) {
  if (text == "all") return Status();
  if (fusion.word == kLayerNorm) return ChooseLayerNorms(text, choice.layer_norms);
  if (text != "none") return InvalidInput("{}: expected all or none, got \"{}\"", fusion.word, text);
  if (fusion.decompose.empty()) {
    choice.disabled.push_back(fusion.pass);
  } else {
    choice.gelu = false;
  }
  return Status();
}

}  // namespace

std::span<const Fusion> Fusions() { return kFusions; }

Result<FusionChoice> ParseFusions(std::span<const std::string> texts) {
  FusionChoice choice;
  std::vector<std::string_view> given;
  for (const std::string& text : texts) {
    const size_t sign = text.find('=');
    if (sign == std::string::npos) {
      const bool goes_on = !text.empty() && !choice.layer_norms.names.empty() && given.back() == kLayerNorm;
      if (!goes_on) return InvalidInput("fusion: expected WORD=all or WORD=none, got \"{}\"", text);
      choice.layer_norms.names.push_back(text);
      continue;
    }
    SEGFORGE_ASSIGN_OR_RETURN(const Fusion* fusion, FindFusion(std::string_view(text).substr(0, sign)));
    if (std::ranges::find(given, fusion->word) != given.end())
      return InvalidInput("{}: given twice", fusion->word);
    given.push_back(fusion->word);
    SEGFORGE_RETURN_IF_ERROR(Choose(*fusion, std::string_view(text).substr(sign + 1), choice));
  }
  return choice;
}

Result<std::vector<NodeId>> ChosenLayerNorms(const Graph& graph, const LayerNormChoice& choice) {
  std::vector<NodeId> norms;
  for (const NodeId id : graph.LiveNodes()) {
    if (graph.node(id).op == Op::kLayerNorm) norms.push_back(id);
  }
  if (choice.first) {
    const auto count = static_cast<int64_t>(norms.size());
    if (*choice.first > count)
      return InvalidInput("layernorm={}: expected at most {}, as the model has", *choice.first, count);
    norms.resize(static_cast<size_t>(*choice.first));
  }
  for (const std::string& pattern : choice.names) {
    const auto fits = [&](NodeId id) { return Fits(pattern, graph.node(id).name); };
    if (std::ranges::none_of(norms, fits)) {
      return InvalidInput("layernorm: no LayerNorm is named \"{}\"; `segforge inspect --graph` lists them",
                          pattern);
    }
  }
  if (!choice.names.empty())
    std::erase_if(norms, [&](NodeId id) { return !FitsAny(choice.names, graph.node(id).name); });
  return norms;
}

}  // namespace segforge
