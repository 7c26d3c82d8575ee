#include "ir/parse_dim.h"

#include <charconv>

namespace segforge {
namespace {

constexpr size_t kMaxTextBytes = 256;
constexpr int64_t kMaxNumber = int64_t{1} << 30;
constexpr int64_t kMaxDivisor = 4096;
constexpr int kMaxDepth = 3;

// size = ["-"] term {(" + " | " - ") term}
// term = number | [number "*"] factor {"*" factor}
// factor = "N" | "H" | "W" | ("ceil(" | "floor(") (term | "(" size ")") "/" number ")"
class DimParser {
 public:
  explicit DimParser(std::string_view text) : left_(text) {}

  Result<Dim> Size(int depth) {
    const bool negative = Skip("-");
    SEGFORGE_ASSIGN_OR_RETURN(Dim sum, Term(depth));
    if (negative) sum = sum * -1;
    while (true) {
      int64_t sign = 1;
      if (Skip(" - ")) {
        sign = -1;
      } else if (!Skip(" + ")) {
        return sum;
      }
      SEGFORGE_ASSIGN_OR_RETURN(const Dim term, Term(depth));
      sum = sum + term * sign;
    }
  }

  bool done() const { return left_.empty(); }

 private:
  static Status Unreadable() { return InvalidInput("not a size"); }

  bool Skip(std::string_view word) {
    if (!left_.starts_with(word)) return false;
    left_.remove_prefix(word.size());
    return true;
  }

  bool AtNumber() const { return !left_.empty() && left_[0] >= '0' && left_[0] <= '9'; }

  Result<int64_t> Number(int64_t least, int64_t most) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), value);
    if (!AtNumber() || error != std::errc() || value < least || value > most) return Unreadable();
    left_.remove_prefix(static_cast<size_t>(end - left_.data()));
    return value;
  }

  Result<Dim> Term(int depth) {
    Dim product = 1;
    if (AtNumber()) {
      SEGFORGE_ASSIGN_OR_RETURN(const int64_t number, Number(0, kMaxNumber));
      if (!Skip("*")) return Dim(number);
      product = number;
    }
    do {
      SEGFORGE_ASSIGN_OR_RETURN(const Dim factor, Factor(depth));
      product = product * factor;
    } while (Skip("*"));
    return product;
  }

  Result<Dim> Factor(int depth) {
    if (Skip("N")) return Dim::N();
    if (Skip("H")) return Dim::H();
    if (Skip("W")) return Dim::W();
    const bool rounds_up = Skip("ceil(");
    if ((!rounds_up && !Skip("floor(")) || depth == kMaxDepth) return Unreadable();
    const bool is_sum = Skip("(");
    SEGFORGE_ASSIGN_OR_RETURN(const Dim numerator, is_sum ? Size(depth + 1) : Term(depth + 1));
    if ((is_sum && !Skip(")")) || !Skip("/")) return Unreadable();
    SEGFORGE_ASSIGN_OR_RETURN(const int64_t divisor, Number(1, kMaxDivisor));
    if (!Skip(")")) return Unreadable();
    return rounds_up ? CeilDiv(numerator, divisor) : FloorDiv(numerator, divisor);
  }

  std::string_view left_;
};

}  // namespace

Result<Dim> ParseDim(std::string_view text) {
  if (text.size() > kMaxTextBytes) return InvalidInput("not a size");
  DimParser parser(text);
  SEGFORGE_ASSIGN_OR_RETURN(Dim dim, parser.Size(0));
  if (!parser.done() || dim.ToString() != text) return InvalidInput("not a size");
  return dim;
}

}  // namespace segforge
