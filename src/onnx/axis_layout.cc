#include "onnx/axis_layout.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace segforge {
namespace {

constexpr int kNone = -1;

}  // namespace

std::vector<int> Flatten(const std::vector<AxisLayout::Axis>& axes) {
  std::vector<int> flat;
  for (const AxisLayout::Axis& axis : axes) flat.insert(flat.end(), axis.begin(), axis.end());
  return flat;
}

AxisLayout::AxisLayout(std::span<const int64_t> sizes) {
  for (const int64_t size : sizes) stored_.push_back({AddAtom(size)});
  seen_ = stored_;
}

int64_t AxisLayout::SizeOf(const Axis& axis) const {
  int64_t size = 1;
  for (const int id : axis) size *= atom(id);
  return size;
}

std::vector<int64_t> AxisLayout::SeenShape() const {
  std::vector<int64_t> shape;
  for (const Axis& axis : seen_) shape.push_back(SizeOf(axis));
  return shape;
}

Result<AxisLayout> AxisLayout::Transposed(std::span<const int64_t> permutation) const {
  std::vector<int64_t> sorted(permutation.begin(), permutation.end());
  std::ranges::sort(sorted);
  bool valid = sorted.size() == seen_.size();
  for (size_t i = 0; valid && i < sorted.size(); ++i) valid = sorted[i] == static_cast<int64_t>(i);
  if (!valid) return InvalidInput("perm: expected each of {} axes once", seen_.size());
  AxisLayout result = *this;
  for (size_t i = 0; i < sorted.size(); ++i) result.seen_[i] = seen_[static_cast<size_t>(permutation[i])];
  return result;
}

int AxisLayout::AddAtom(int64_t size) {
  sizes_.push_back(size);
  return static_cast<int>(sizes_.size()) - 1;
}

void AxisLayout::InsertStored(int id, int before) {
  for (Axis& axis : stored_) {
    const auto place = std::ranges::find(axis, before);
    if (place == axis.end()) continue;
    axis.insert(place, id);
    return;
  }
  stored_.back().push_back(id);
}

Result<AxisLayout::Axis> AxisLayout::TakeAtoms(std::vector<int>& order, size_t& next, int64_t size) {
  Axis axis;
  if (size == 1 && !(next < order.size() && atom(order[next]) == 1)) {
    const int unit = AddAtom(1);
    InsertStored(unit, next < order.size() ? order[next] : kNone);
    return Axis{unit};
  }
  int64_t wanted = size;
  do {
    if (next == order.size()) return InvalidInput("expected as many elements as there are");
    const int id = order[next];
    const int64_t has = atom(id);
    if (std::max(has, wanted) % std::min(has, wanted) != 0)
      return Unsupported("an axis of {} elements does not divide into one of {}", has, wanted);
    axis.push_back(id);
    if (has <= wanted) {
      wanted /= has;
      ++next;
      continue;
    }
    sizes_[static_cast<size_t>(id)] = wanted;
    const int rest = AddAtom(has / wanted);
    for (Axis& stored : stored_) {
      const auto place = std::ranges::find(stored, id);
      if (place != stored.end()) {
        stored.insert(place + 1, rest);
        break;
      }
    }
    order[next] = rest;
    wanted = 1;
  } while (wanted > 1);
  return axis;
}

Result<AxisLayout> AxisLayout::Reshaped(std::span<const int64_t> sizes) const {
  AxisLayout result = *this;
  std::vector<int> order = Flatten(seen_);
  result.seen_.clear();
  size_t next = 0;
  for (const int64_t size : sizes) {
    if (size < 1) return InvalidInput("shape [{}]: expected sizes of at least 1", fmt::join(sizes, ", "));
    Result<Axis> axis = result.TakeAtoms(order, next, size);
    if (!axis.ok()) {
      return axis.status().Within(
          fmt::format("shape [{}] of x [{}]", fmt::join(sizes, ", "), fmt::join(SeenShape(), ", ")));
    }
    result.seen_.push_back(std::move(*axis));
  }
  for (; next < order.size(); ++next) {
    if (result.atom(order[next]) != 1 || result.seen_.empty()) {
      return InvalidInput("shape [{}]: expected as many elements as x [{}] has", fmt::join(sizes, ", "),
                          fmt::join(SeenShape(), ", "));
    }
    result.seen_.back().push_back(order[next]);
  }
  return result;
}

bool AxisLayout::IsChannels(int64_t axis) const {
  const int64_t index = axis < 0 ? axis + rank() : axis;
  return index >= 0 && index < rank() && !stored_.empty() &&
         seen_[static_cast<size_t>(index)] == stored_.back();
}

bool AxisLayout::IsChannelsFirst() const {
  return stored_.size() == 4 && seen_.size() == 4 && seen_[0] == stored_[0] && seen_[1] == stored_[3] &&
         seen_[2] == stored_[1] && seen_[3] == stored_[2];
}

bool AxisLayout::IsChannelsLast() const { return IsChannels(-1) && Flatten(seen_) == Flatten(stored_); }

bool AxisLayout::KeepsStoredAxes() const {
  const std::vector<int> order = Flatten(seen_);
  return std::ranges::all_of(stored_, [&](const Axis& axis) {
    return axis.empty() || std::search(order.begin(), order.end(), axis.begin(), axis.end()) != order.end();
  });
}

AxisLayout AxisLayout::WithChannels(int64_t channels) const {
  AxisLayout result = *this;
  const Axis last = stored_.back();
  const int id = result.AddAtom(channels);
  result.stored_.back() = {id};
  for (Axis& axis : result.seen_) {
    if (axis == last) axis = {id};
  }
  return result;
}

AxisLayout AxisLayout::StoredAs(std::vector<Axis> axes) const {
  AxisLayout result = *this;
  result.stored_ = std::move(axes);
  return result;
}

AxisLayout AxisLayout::SeenAs(std::vector<Axis> axes) const {
  AxisLayout result = *this;
  result.seen_ = std::move(axes);
  return result;
}

AxisLayout AxisLayout::OfProduct(const AxisLayout& a, const AxisLayout& b) {
  AxisLayout result;
  const auto copy = [&](const AxisLayout& from, const Axis& axis) {
    Axis copied;
    for (const int id : axis) copied.push_back(result.AddAtom(from.atom(id)));
    result.stored_.push_back(std::move(copied));
  };
  for (size_t i = 0; i + 1 < a.seen_.size(); ++i) copy(a, a.seen_[i]);
  copy(b, b.seen_.back());
  result.seen_ = result.stored_;
  return result;
}

std::vector<std::vector<AxisLayout::Piece>> AxisLayout::Pieces() const {
  std::vector<Piece> of_atom(sizes_.size());
  for (size_t axis = 0; axis < stored_.size(); ++axis) {
    int64_t stride = 1;
    for (auto id = stored_[axis].rbegin(); id != stored_[axis].rend(); ++id) {
      of_atom[static_cast<size_t>(*id)] = {static_cast<int>(axis), stride, atom(*id)};
      stride *= atom(*id);
    }
  }
  std::vector<std::vector<Piece>> pieces;
  for (const Axis& axis : seen_) {
    std::vector<Piece>& list = pieces.emplace_back();
    for (const int id : axis) {
      const Piece& piece = of_atom[static_cast<size_t>(id)];
      if (piece.size == 1) continue;
      const bool continues = !list.empty() && list.back().stored_axis == piece.stored_axis &&
                             list.back().stride == piece.stride * piece.size;
      if (continues) {
        list.back().stride = piece.stride;
        list.back().size *= piece.size;
      } else {
        list.push_back(piece);
      }
    }
  }
  return pieces;
}

}  // namespace segforge
