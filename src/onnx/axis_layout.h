// How ONNX sees a value that the graph keeps in another arrangement.
//
// ONNX has feature maps as [N,C,H,W] and tokens as [N,H*W,C]; the graph keeps both as one [N,H,W,C]. A
// value's axes are therefore cut into atoms, the pieces that transposes move and reshapes merge and split.
// `stored` is the graph's arrangement of them and `seen` ONNX's; reshapes and transposes change what is seen,
// and nothing is computed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace segforge {

class AxisLayout {
 public:
  using Axis = std::vector<int>;  // ids of its atoms, outer ones first

  AxisLayout() = default;
  // One atom an axis, seen as it is stored.
  explicit AxisLayout(std::span<const int64_t> sizes);

  const std::vector<Axis>& stored() const { return stored_; }
  const std::vector<Axis>& seen() const { return seen_; }
  int rank() const { return static_cast<int>(seen_.size()); }
  int64_t atom(int id) const { return sizes_[static_cast<size_t>(id)]; }
  int64_t SizeOf(const Axis& axis) const;
  std::vector<int64_t> SeenShape() const;

  // permutation and sizes as ONNX's Transpose and Reshape have them, the latter without 0 and -1.
  Result<AxisLayout> Transposed(std::span<const int64_t> permutation) const;
  Result<AxisLayout> Reshaped(std::span<const int64_t> sizes) const;

  // Whether that axis is seen just as the last one is stored: the channels.
  bool IsChannels(int64_t axis) const;
  // Whether what is stored as [N,H,W,C] is seen as [N,C,H,W].
  bool IsChannelsFirst() const;
  // Whether the last axis is the channels, and the atoms of the others are in the order in which they are
  // stored.
  bool IsChannelsLast() const;
  // Whether each stored axis is seen in one piece.
  bool KeepsStoredAxes() const;

  // The same values, with the last stored axis replaced by one of another size.
  AxisLayout WithChannels(int64_t channels) const;
  // Stored as these axes of atoms, seen as before.
  AxisLayout StoredAs(std::vector<Axis> axes) const;
  // Seen as these axes of atoms, stored as before.
  AxisLayout SeenAs(std::vector<Axis> axes) const;
  // Stored as it is seen: a's axes but for the last, and b's last, in atoms of their own. The layout of a
  // product.
  static AxisLayout OfProduct(const AxisLayout& a, const AxisLayout& b);

  // Where the atoms that are seen on each axis come from. Two layouts of one stored shape that agree in this
  // pair up element by element. Atoms of size 1 do not count.
  struct Piece {
    int stored_axis;
    int64_t stride;  // in elements of that axis
    int64_t size;
    friend bool operator==(const Piece&, const Piece&) = default;
  };
  std::vector<std::vector<Piece>> Pieces() const;

 private:
  int AddAtom(int64_t size);
  void InsertStored(int id, int before);  // before: kNone appends to the last axis
  // Takes atoms from order[next] on until they make `size`, splitting the last one where it must be.
  Result<Axis> TakeAtoms(std::vector<int>& order, size_t& next, int64_t size);

  std::vector<int64_t> sizes_;  // of the atoms, by id
  std::vector<Axis> stored_;
  std::vector<Axis> seen_;
};

std::vector<int> Flatten(const std::vector<AxisLayout::Axis>& axes);

}  // namespace segforge
