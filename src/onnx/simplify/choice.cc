#include "onnx/simplify/choice.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>

#include "formats/printable.h"

namespace segforge::simplify {
namespace {

bool Fits(const std::string& pattern, const std::string& name) {
  if (fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0) return true;
  return name.size() > pattern.size() && name.starts_with(pattern) &&
         (name[pattern.size()] == '.' || name[pattern.size()] == '/');
}

}  // namespace

bool Chooser::Takes(const std::vector<NodeId>& place) {
  ++places_;
  if (choice_.kind == Choice::Kind::kAll) return true;
  if (choice_.kind == Choice::Kind::kFirst) return places_ <= choice_.count;
  bool is_named = false;
  for (size_t i = 0; i < choice_.names.size(); ++i) {
    const auto fits = [&](NodeId id) {
      const Node& node = graph_.node(id);
      return Fits(choice_.names[i], node.spec.name) ||
             Fits(choice_.names[i], graph_.value(node.outputs[0]).name);
    };
    if (!std::ranges::any_of(place, fits)) continue;
    was_used_[i] = true;
    is_named = true;
  }
  return is_named;
}

Status Chooser::Finish() const {
  if (choice_.kind == Choice::Kind::kFirst && places_ < choice_.count) {
    return InvalidInput("{} of {} asked for: the file has {}", fusion_, choice_.count, places_);
  }
  for (size_t i = 0; i < choice_.names.size(); ++i) {
    if (!was_used_[i]) {
      return InvalidInput("{}: nothing that can be fused is named \"{}\"", fusion_,
                          Printable(choice_.names[i]));
    }
  }
  return Status();
}

Result<Choice> ParseChoice(std::string_view text) {
  Choice choice;
  if (text == "none") return choice;
  choice.kind = Choice::Kind::kAll;
  if (text == "all") return choice;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), choice.count);
  if (error == std::errc() && end == text.data() + text.size() && choice.count >= 0) {
    choice.kind = Choice::Kind::kFirst;
    return choice;
  }
  choice.kind = Choice::Kind::kNamed;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) choice.names.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (choice.names.empty()) return InvalidInput("expected all, none, a number or names, got \"\"");
  return choice;
}

}  // namespace segforge::simplify
