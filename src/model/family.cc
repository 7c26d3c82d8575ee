#include "model/family.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace segforge {
namespace {

// Names by which a family is known: three, so that one missing tensor is reported as missing.
std::array<std::string, 3> Landmarks(const NameTable& names) {
  return {TensorName(names, names.patch_conv, {}, "weight"), TensorName(names, names.norm1, {}, "weight"),
          TensorName(names, names.stage_norm, {}, "weight")};
}

bool IsPrefixCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

// The prefixes under which a name stands in the checkpoint: "" or words that end in a dot.
std::vector<std::string> PrefixesOf(const Checkpoint& checkpoint, std::string_view name) {
  std::vector<std::string> prefixes;
  for (const NamedTensor& tensor : checkpoint.tensors) {
    if (!std::string_view(tensor.name).ends_with(name)) continue;
    const std::string prefix = tensor.name.substr(0, tensor.name.size() - name.size());
    if (!prefix.empty() && prefix.back() != '.') continue;
    if (std::all_of(prefix.begin(), prefix.end(), IsPrefixCharacter)) prefixes.push_back(prefix);
  }
  return prefixes;
}

struct Candidate {
  FamilyMatch match;
  int landmarks = 0;
};

bool IsBetter(const Candidate& a, const Candidate& b) {
  const auto rank = [](const Candidate& c) {
    const bool is_ema = c.match.prefix.find("ema") != std::string::npos;
    return std::tuple(is_ema, -c.landmarks, c.match.prefix.size(), std::string_view(c.match.prefix));
  };
  return rank(a) < rank(b);
}

std::vector<Candidate> FindCandidates(const Checkpoint& checkpoint) {
  std::vector<Candidate> candidates;
  for (const NameTable* names : NameTables()) {
    std::map<std::string, int> hits;
    for (const std::string& landmark : Landmarks(*names)) {
      for (const std::string& prefix : PrefixesOf(checkpoint, landmark)) ++hits[prefix];
    }
    for (const auto& [prefix, count] : hits) candidates.push_back({{names, prefix}, count});
  }
  return candidates;
}

// An ImageNet checkpoint holds the encoder alone, with nothing in front of its names.
const NameTable* FindBareEncoder(const Checkpoint& checkpoint) {
  for (const NameTable* names : NameTables()) {
    const std::string landmark = Landmarks(*names)[0].substr(names->encoder_root.size());
    if (!PrefixesOf(checkpoint, landmark).empty()) return names;
  }
  return nullptr;
}

bool HasHead(const Checkpoint& checkpoint, const FamilyMatch& match) {
  const std::string root = match.prefix + std::string(match.names->head_root);
  return std::any_of(checkpoint.tensors.begin(), checkpoint.tensors.end(),
                     [&](const NamedTensor& tensor) { return tensor.name.starts_with(root); });
}

Status EncoderOnly(const NameTable& names) {
  return InvalidInput(
      "encoder only: no decode head (no tensor \"{}*\"), so it cannot segment; use a checkpoint fine-tuned "
      "for "
      "segmentation",
      names.head_root);
}

}  // namespace

Result<FamilyMatch> FindFamily(const Checkpoint& checkpoint) {
  const std::vector<Candidate> candidates = FindCandidates(checkpoint);
  const auto best = std::min_element(candidates.begin(), candidates.end(), IsBetter);
  if (best == candidates.end()) {
    if (const NameTable* names = FindBareEncoder(checkpoint)) return EncoderOnly(*names);
    return InvalidInput(
        "no SegFormer: none of its {} tensors is named as NVlabs (\"{}\"), Hugging Face (\"{}\") or mmseg "
        "1.x "
        "(\"{}\") do",
        checkpoint.tensors.size(), Landmarks(kNvlabsNames)[0], Landmarks(kHuggingFaceNames)[0],
        Landmarks(kMmseg1Names)[0]);
  }
  if (!HasHead(checkpoint, best->match)) return EncoderOnly(*best->match.names);
  return best->match;
}

}  // namespace segforge
