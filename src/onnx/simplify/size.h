// A size of an ONNX value, or a number that sizes are computed with: known, or a product of symbols.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace segforge::simplify {

// factor * symbol * symbol .., in a normal form: sizes that are equal by construction compare equal. A symbol
// is a name that the file gives, a place whose size nobody knows, or a function of other sizes.
class Size {
 public:
  Size(int64_t value) : factor_(value) {}  // NOLINT(*-explicit-*): sizes are written as plain numbers
  static Size Named(std::string_view name);
  static Size Unknown(std::string_view value, size_t axis);  // equal to that axis of that value alone
  // A function that is not a product: equal for equal arguments. Unknown() of `place` where it gets too long.
  static Size Function(std::string_view function, std::initializer_list<Size> arguments, const Size& place);

  bool is_known() const { return symbols_.empty(); }
  int64_t value() const { return factor_; }  // where it is known
  std::optional<std::string> name() const;   // where it is exactly a name that the file gives
  std::string ToString() const;

  friend bool operator==(const Size&, const Size&) = default;
  friend Size operator*(const Size& a, const Size& b);
  // a / b where that leaves nothing over, whatever the symbols are.
  friend std::optional<Size> Quotient(const Size& a, const Size& b);

 private:
  int64_t factor_;
  std::vector<std::string> symbols_;  // sorted; of a factor 0 there are none
};

using Sizes = std::vector<Size>;

Size ProductOf(const Sizes& sizes, size_t begin, size_t end);
bool AllKnown(const Sizes& sizes);
std::string ToString(const Sizes& sizes);  // "[batch, 64, ?]"

}  // namespace segforge::simplify
