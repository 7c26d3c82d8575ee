#include "formats/npy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "formats/printable.h"

namespace segforge {
namespace {

struct NpyDType {
  std::string_view name;
  DType dtype;
};
constexpr std::array<NpyDType, 10> kNpyDTypes = {{{"<f8", DType::kF64},
                                                  {"<f4", DType::kF32},
                                                  {"<f2", DType::kF16},
                                                  {"<i8", DType::kI64},
                                                  {"<i4", DType::kI32},
                                                  {"<i2", DType::kI16},
                                                  {"|i1", DType::kI8},
                                                  {"<u2", DType::kU16},
                                                  {"|u1", DType::kU8},
                                                  {"|b1", DType::kBool}}};

// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } and no other Python.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<NpyHeader> Run() {
    bool has_descr = false, has_order = false, has_shape = false;
    if (!Eat('{')) return Malformed();
    while (!Eat('}')) {
      SEGFORGE_ASSIGN_OR_RETURN(const std::string_view key, ReadString());
      if (!Eat(':')) return Malformed();
      if (key == "descr" && !has_descr) {
        has_descr = true;
        SEGFORGE_RETURN_IF_ERROR(ReadDType());
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        SEGFORGE_RETURN_IF_ERROR(ReadOrder());
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        SEGFORGE_RETURN_IF_ERROR(ReadShape());
      } else {
        return Malformed();
      }
      if (!Eat(',') && !text_.starts_with('}')) return Malformed();
    }
    SkipSpace();
    if (!text_.empty() || !has_descr || !has_order || !has_shape) return Malformed();
    return header_;
  }

 private:
  Status Malformed() const {
    return InvalidInput("malformed .npy header at \"{}\"", Printable(text_.substr(0, 30)));
  }

  void SkipSpace() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n"), text_.size())); }

  bool Eat(char wanted) {
    SkipSpace();
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(1);
    SkipSpace();
    return true;
  }

  bool EatWord(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    SkipSpace();
    return true;
  }

  Result<std::string_view> ReadString() {
    const char quote = text_.starts_with('"') ? '"' : '\'';
    if (!Eat(quote)) return Malformed();
    const size_t end = text_.find(quote);
    if (end == std::string_view::npos) return Malformed();
    const std::string_view content = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return content;
  }

  Status ReadDType() {
    SEGFORGE_ASSIGN_OR_RETURN(const std::string_view name, ReadString());
    const auto known = std::ranges::find(kNpyDTypes, name, &NpyDType::name);
    if (known == kNpyDTypes.end()) return Unsupported("array type \"{}\" is not supported", Printable(name));
    header_.dtype = known->dtype;
    return Status();
  }

  Status ReadOrder() {
    header_.fortran_order = EatWord("True");
    return header_.fortran_order || EatWord("False") ? Status() : Malformed();
  }

  Status ReadShape() {
    std::vector<int64_t> dims;
    if (!Eat('(')) return Malformed();
    while (!Eat(')')) {
      int64_t dim = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), dim);
      if (error != std::errc()) return Malformed();
      text_.remove_prefix(static_cast<size_t>(end - text_.data()));
      dims.push_back(dim);
      if (dims.size() > Shape::kMaxRank || (!Eat(',') && !text_.starts_with(')'))) return Malformed();
    }
    SEGFORGE_ASSIGN_OR_RETURN(header_.shape, Shape::FromUntrusted(dims));
    return Status();
  }

  std::string_view text_;
  NpyHeader header_;
};

}  // namespace

Result<NpyHeader> ParseNpyHeader(std::string_view text) { return Parser(text).Run(); }

std::string FormatNpyHeader(DType dtype, const Shape& shape) {
  const auto row = std::ranges::find(kNpyDTypes, dtype, &NpyDType::dtype);
  SEGFORGE_CHECK(row != kNpyDTypes.end());
  std::string dims;
  for (int64_t dim : shape.dims()) dims += fmt::format("{}, ", dim);
  if (shape.rank() > 1) dims.resize(dims.size() - 2);
  if (shape.rank() == 1) dims.resize(dims.size() - 1);  // Python writes a tuple of one as (5,)
  return fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", row->name, dims);
}

}  // namespace segforge
