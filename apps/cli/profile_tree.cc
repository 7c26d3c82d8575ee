#include "profile_tree.h"

#include <string_view>

namespace segforge::cli {
namespace {

// What is left of a name at a depth: "attention.q" of "stage1.block0.attention.q" at 2; "" past the end.
std::string_view RestAt(std::string_view name, size_t depth) {
  for (; depth > 0; --depth) {
    const size_t dot = name.find('.');
    if (dot == std::string_view::npos) return "";
    name.remove_prefix(dot + 1);
  }
  return name;
}

std::string_view FirstPart(std::string_view rest) { return rest.substr(0, rest.find('.')); }

class TreeMaker {
 public:
  explicit TreeMaker(const std::vector<LayerProfile>& layers) : layers_(layers) {}

  // Layers first .. last, whose names agree in their first `depth` parts.
  ProfileNode Make(std::string name, size_t first, size_t last, size_t depth) const {
    ProfileNode node = Span(std::move(name), first, last);
    for (size_t begin = first; begin <= last;) {
      const std::string_view rest = RestAt(layers_[begin].name, depth);
      const std::string part(FirstPart(rest));
      size_t end = begin;
      while (!part.empty() && end < last && FirstPart(RestAt(layers_[end + 1].name, depth)) == part) ++end;
      if (begin < end) {
        node.children.push_back(Make(part, begin, end, depth + 1));
      } else {  // "attention" itself, beside "attention.q", has nothing left: its parent's name stands for it
        node.children.push_back(Span(rest.empty() ? node.name : std::string(rest), begin, end));
      }
      begin = end + 1;
    }
    return node;
  }

 private:
  ProfileNode Span(std::string name, size_t first, size_t last) const {
    return {std::move(name),
            first,
            last,
            layers_[first].start_ms,
            layers_[last].start_ms + layers_[last].duration_ms,
            {}};
  }

  const std::vector<LayerProfile>& layers_;
};

}  // namespace

ProfileNode TreeOf(const ModelProfile& profile) {
  ProfileNode root = {"run", 0, 0, 0, profile.traced_ms, {}};
  if (profile.layers.empty()) return root;
  root = TreeMaker(profile.layers).Make("run", 0, profile.layers.size() - 1, 0);
  root.end_ms = profile.traced_ms;
  return root;
}

}  // namespace segforge::cli
