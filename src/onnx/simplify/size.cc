#include "onnx/simplify/size.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace segforge::simplify {
namespace {

constexpr size_t kMaxText = 200;
constexpr char kNamePrefix = '$';
constexpr char kUnknownPrefix = '?';

int64_t Multiplied(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

}  // namespace

Size Size::Named(std::string_view name) {
  Size size = 1;
  size.symbols_.push_back(kNamePrefix + std::string(name));
  return size;
}

Size Size::Unknown(std::string_view value, size_t axis) {
  Size size = 1;
  size.symbols_.push_back(fmt::format("{}{}:{}", kUnknownPrefix, axis, value));
  return size;
}

Size Size::Function(std::string_view function, std::initializer_list<Size> arguments, const Size& place) {
  std::string text = fmt::format("{}(", function);
  for (const Size& argument : arguments)
    text += fmt::format("{} {};", argument.factor_, fmt::join(argument.symbols_, "*"));
  if (text.size() > kMaxText) return place;
  Size size = 1;
  size.symbols_.push_back(std::move(text));
  return size;
}

std::optional<std::string> Size::name() const {
  const bool is_name = factor_ == 1 && symbols_.size() == 1 && symbols_[0][0] == kNamePrefix;
  return is_name ? std::optional(symbols_[0].substr(1)) : std::nullopt;
}

std::string Size::ToString() const {
  if (is_known()) return std::to_string(factor_);
  return name().value_or("?");
}

Size operator*(const Size& a, const Size& b) {
  Size product = Multiplied(a.factor_, b.factor_);
  if (product.factor_ == 0) return product;
  std::ranges::merge(a.symbols_, b.symbols_, std::back_inserter(product.symbols_));
  return product;
}

std::optional<Size> Quotient(const Size& a, const Size& b) {
  if (b.factor_ == 0 || b.factor_ == -1 || a.factor_ % b.factor_ != 0) return std::nullopt;
  if (!std::ranges::includes(a.symbols_, b.symbols_)) return std::nullopt;
  Size quotient = a.factor_ / b.factor_;
  std::ranges::set_difference(a.symbols_, b.symbols_, std::back_inserter(quotient.symbols_));
  return quotient;
}

Size ProductOf(const Sizes& sizes, size_t begin, size_t end) {
  Size product = 1;
  for (size_t i = begin; i < end; ++i) product = product * sizes[i];
  return product;
}

bool AllKnown(const Sizes& sizes) { return std::ranges::all_of(sizes, &Size::is_known); }

std::string ToString(const Sizes& sizes) {
  std::vector<std::string> texts;
  for (const Size& size : sizes) texts.push_back(size.ToString());
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

}  // namespace segforge::simplify
