// What a user wants fused: a word for each pass of the pipeline that may be left out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace segforge {

struct Fusion {
  std::string_view word;       // "head-fold": what --fuse takes
  std::string_view pass;       // that does it
  std::string_view decompose;  // the pass that undoes it where it is not wanted; "": `pass` is left out
};

std::span<const Fusion> Fusions();  // in the order of the pipeline

// Which LayerNorms stay one: all of them, the first so many in the graph's order, or those that patterns fit.
struct LayerNormChoice {
  std::optional<int64_t> first = {};
  std::vector<std::string> names = {};  // with * and ? as in file names, or their beginnings up to a dot

  bool all() const { return !first && names.empty(); }
};

struct FusionChoice {
  std::vector<std::string_view> disabled = {};  // passes that are not to run
  LayerNormChoice layer_norms = {};
  bool gelu = true;
};

// Of texts WORD=all or WORD=none; for "layernorm" also a number or a name, after which further names are
// texts of their own. Words that are not there are all. kInvalidInput for anything else.
Result<FusionChoice> ParseFusions(std::span<const std::string> texts);

// The LayerNorms of the graph that the choice keeps. kInvalidInput where it names none, or more than there
// are.
Result<std::vector<NodeId>> ChosenLayerNorms(const Graph& graph, const LayerNormChoice& choice);

}  // namespace segforge
