#include "model/structure_finder.h"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace segforge {
namespace {

constexpr int64_t kMaxDepth = 1000;  // a stage of B5 has 40 blocks; more than this is a made-up name

// The size that occurs most often, the earliest of several; `otherwise` where there are none.
int64_t MostCommon(const std::vector<int64_t>& sizes, int64_t otherwise) {
  int64_t winner = otherwise;
  std::ptrdiff_t most = 0;
  for (int64_t size : sizes) {
    const auto count = std::count(sizes.begin(), sizes.end(), size);
    if (count > most) std::tie(winner, most) = std::pair(size, count);
  }
  return winner;
}

}  // namespace

void StructureFinder::AddRows(std::vector<int64_t>& sizes, const LayerName& layer, Place place) const {
  for (std::string_view suffix : {"weight", "bias"}) {
    const ConstTensorView* tensor = Find(layer, place, suffix);
    if (tensor != nullptr && tensor->shape.rank() > 0 && tensor->shape[0] > 0) {
      sizes.push_back(tensor->shape[0]);
    }
  }
}

// One more than the largest block number that any name of the stage holds.
Result<int64_t> StructureFinder::Depth(int stage) const {
  const std::string_view path = names_.norm1.path;
  const LayerName before_block = {path.substr(0, path.find("{b}"))};
  std::string root = prefix_ + TensorName(names_, before_block, {stage, 0}, "");
  root.pop_back();  // the separator of a suffix
  int64_t depth = 0;
  for (const NamedTensor& tensor : checkpoint_.tensors) {
    if (!tensor.name.starts_with(root)) continue;
    const char* end = tensor.name.data() + tensor.name.size();
    int64_t block = 0;
    const auto [rest, error] = std::from_chars(tensor.name.data() + root.size(), end, block);
    if (error == std::errc() && rest != end && *rest == '.') depth = std::max(depth, block + 1);
    if (depth > kMaxDepth || error == std::errc::result_out_of_range) {
      return Unsupported("stage {} has a block {}; at most {} blocks are read", stage + 1,
                         tensor.name.substr(root.size(), 20), kMaxDepth);
    }
  }
  if (depth == 0) return InvalidInput("no block in stage {} (\"{}*\")", stage + 1, root);
  return depth;
}

int64_t StructureFinder::Width(int stage, int64_t depth) const {
  std::vector<int64_t> sizes;
  AddRows(sizes, names_.patch_conv, {stage, 0});
  AddRows(sizes, names_.patch_norm, {stage, 0});
  AddRows(sizes, names_.stage_norm, {stage, 0});
  for (int block = 0; block < depth; ++block) {
    AddRows(sizes, names_.norm1, {stage, block});
    AddRows(sizes, names_.norm2, {stage, block});
  }
  return MostCommon(sizes, 0);
}

int64_t StructureFinder::FfnWidth(int stage, int64_t depth, int64_t width) const {
  std::vector<int64_t> sizes;
  for (int block = 0; block < depth; ++block) {
    AddRows(sizes, names_.fc1, {stage, block});
    AddRows(sizes, names_.dwconv, {stage, block});
  }
  return MostCommon(sizes, 4 * width);
}

int64_t StructureFinder::SrRatio(int stage, int64_t depth) const {
  std::vector<int64_t> sizes;
  for (int block = 0; block < depth; ++block) {
    const ConstTensorView* weight = Find(names_.sr, {stage, block}, "weight");
    if (weight != nullptr && weight->shape.rank() == 4)
      sizes.push_back(std::max<int64_t>(weight->shape[3], 1));
  }
  return MostCommon(sizes, 1);
}

int64_t StructureFinder::HeadWidth() const {
  std::vector<int64_t> sizes;
  for (int stage = 0; stage < 4; ++stage) AddRows(sizes, names_.head_proj, {stage, 0});
  AddRows(sizes, names_.fuse, {});
  AddRows(sizes, names_.fuse_bn, {});
  return MostCommon(sizes, 0);
}

int64_t StructureFinder::Classes() const {
  std::vector<int64_t> sizes;
  AddRows(sizes, names_.classifier, {});
  return MostCommon(sizes, 0);
}

}  // namespace segforge
