#include "ir/dim.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>

namespace segforge {

// The normal form is a polynomial: terms with distinct products of atoms, where an atom is a free size or a
// rounded quotient of a polynomial. Products are distributed over sums; factors and terms are sorted by their
// text. The text of a normal form is injective, so equality is equality of text.
struct Dim::Expression {
  enum class AtomKind : uint8_t { kN, kH, kW, kCeilDiv, kFloorDiv };
  struct Atom {
    AtomKind kind;
    int64_t divisor = 1;                          // of the quotients
    std::shared_ptr<const Expression> numerator;  // likewise
    std::string text;
  };
  using AtomPtr = std::shared_ptr<const Atom>;
  struct Term {
    int64_t coefficient = 0;
    std::vector<AtomPtr> factors;  // none: the constant term
  };
  using Terms = std::map<std::string, Term>;  // by the text of the factors; no coefficient is 0

  explicit Expression(Terms normal) : terms(std::move(normal)), text(TextOf(terms)) {}

  static std::string TextOf(const Terms& terms);
  static std::string Key(const std::vector<AtomPtr>& factors);
  static void Accumulate(Terms& terms, const std::string& key, int64_t coefficient,
                         const std::vector<AtomPtr>& factors);
  static Dim Of(Terms terms) { return Dim(std::make_shared<const Expression>(std::move(terms))); }
  static Dim OfAtom(Atom atom);
  static Dim Quotient(AtomKind kind, const Dim& a, int64_t divisor);
  static int64_t Evaluate(const Atom& atom, const InputSize& size);

  Terms terms;
  std::string text;
};

namespace {

int64_t FloorOf(int64_t a, int64_t b) { return a / b - (a % b != 0 && a < 0 ? 1 : 0); }
int64_t CeilOf(int64_t a, int64_t b) { return a / b + (a % b != 0 && a > 0 ? 1 : 0); }

// Sizes may come from a file. What is too large for 64 bits becomes the largest number, which is no size that
// anything has.
constexpr int64_t kTooLarge = std::numeric_limits<int64_t>::max();
int64_t Product(int64_t a, int64_t b) {
  int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kTooLarge : product;
}
int64_t Sum(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kTooLarge : sum;
}

}  // namespace

std::string Dim::Expression::TextOf(const Terms& terms) {
  std::string text;
  int64_t constant = 0;
  for (const auto& [key, term] : terms) {
    if (term.factors.empty()) {
      constant = term.coefficient;
      continue;
    }
    const int64_t magnitude = term.coefficient < 0 ? -term.coefficient : term.coefficient;
    const std::string_view sign =
        term.coefficient < 0 ? (text.empty() ? "-" : " - ") : (text.empty() ? "" : " + ");
    text += magnitude == 1 ? fmt::format("{}{}", sign, key) : fmt::format("{}{}*{}", sign, magnitude, key);
  }
  if (text.empty()) return fmt::format("{}", constant);
  if (constant != 0)
    text += fmt::format(" {} {}", constant < 0 ? '-' : '+', constant < 0 ? -constant : constant);
  return text;
}

std::string Dim::Expression::Key(const std::vector<AtomPtr>& factors) {
  std::vector<std::string_view> texts;
  texts.reserve(factors.size());
  for (const AtomPtr& factor : factors) texts.push_back(factor->text);
  return fmt::format("{}", fmt::join(texts, "*"));
}

void Dim::Expression::Accumulate(Terms& terms, const std::string& key, int64_t coefficient,
                                 const std::vector<AtomPtr>& factors) {
  Term& term = terms[key];
  term.factors = factors;
  term.coefficient = Sum(term.coefficient, coefficient);
  if (term.coefficient == 0) terms.erase(key);
}

Dim Dim::Expression::OfAtom(Atom atom) {
  const std::string key = atom.text;
  return Of({{key, {1, {std::make_shared<const Atom>(std::move(atom))}}}});
}

// Whole multiples of the divisor leave the quotient. What remains is a constant, or a quotient of the same
// kind plus a constant (their divisors multiply), or a new atom.
Dim Dim::Expression::Quotient(AtomKind kind, const Dim& a, int64_t divisor) {
  SEGFORGE_CHECK(divisor > 0);
  Terms whole, rest;
  int64_t constant = 0;
  for (const auto& [key, term] : a.expression_->terms) {
    const int64_t quotient = FloorOf(term.coefficient, divisor);
    const int64_t remainder = term.coefficient - quotient * divisor;
    if (term.factors.empty()) constant = remainder;
    if (!term.factors.empty() && remainder != 0) {
      rest[key] = term;
    } else if (quotient != 0) {
      whole[key] = {quotient, term.factors};
    }
  }
  if (rest.empty()) {
    const bool rounds_up = kind == AtomKind::kCeilDiv && constant > 0;
    return Of(std::move(whole)) + (rounds_up ? 1 : 0);
  }
  const Term& first = rest.begin()->second;
  if (rest.size() == 1 && first.coefficient == 1 && first.factors.size() == 1 &&
      first.factors[0]->kind == kind) {
    const Atom& inner = *first.factors[0];
    return Of(std::move(whole)) + Quotient(kind, Dim(inner.numerator) + Product(constant, inner.divisor),
                                           Product(inner.divisor, divisor));
  }
  if (constant != 0) rest[""] = {constant, {}};
  const auto numerator = std::make_shared<const Expression>(std::move(rest));
  const bool is_sum = numerator->terms.size() > 1;
  std::string text = fmt::format("{}({}{}{}/{})", kind == AtomKind::kCeilDiv ? "ceil" : "floor",
                                 is_sum ? "(" : "", numerator->text, is_sum ? ")" : "", divisor);
  return Of(std::move(whole)) + OfAtom({kind, divisor, numerator, std::move(text)});
}

int64_t Dim::Expression::Evaluate(const Atom& atom, const InputSize& size) {
  switch (atom.kind) {
    case AtomKind::kN:
      return size.n;
    case AtomKind::kH:
      return size.h;
    case AtomKind::kW:
      return size.w;
    case AtomKind::kCeilDiv:
      return CeilOf(Dim(atom.numerator).Evaluate(size), atom.divisor);
    case AtomKind::kFloorDiv:
      return FloorOf(Dim(atom.numerator).Evaluate(size), atom.divisor);
  }
  return 0;
}

Dim::Dim(int64_t value) {
  Expression::Terms terms;
  if (value != 0) terms[""] = {value, {}};
  expression_ = std::make_shared<const Expression>(std::move(terms));
}

Dim Dim::N() { return Expression::OfAtom({Expression::AtomKind::kN, 1, nullptr, "N"}); }
Dim Dim::H() { return Expression::OfAtom({Expression::AtomKind::kH, 1, nullptr, "H"}); }
Dim Dim::W() { return Expression::OfAtom({Expression::AtomKind::kW, 1, nullptr, "W"}); }

bool Dim::is_constant() const {
  const auto& terms = expression_->terms;
  return terms.empty() || (terms.size() == 1 && terms.begin()->second.factors.empty());
}

int64_t Dim::constant() const {
  SEGFORGE_CHECK(is_constant());
  return expression_->terms.empty() ? 0 : expression_->terms.begin()->second.coefficient;
}

int64_t Dim::Evaluate(const InputSize& size) const {
  int64_t sum = 0;
  for (const auto& [key, term] : expression_->terms) {
    int64_t product = term.coefficient;
    for (const auto& factor : term.factors) product = Product(product, Expression::Evaluate(*factor, size));
    sum = Sum(sum, product);
  }
  return sum;
}

std::string Dim::ToString() const { return expression_->text; }

Dim operator*(const Dim& a, const Dim& b) {
  using Expression = Dim::Expression;
  Expression::Terms terms;
  for (const auto& [a_key, x] : a.expression_->terms) {
    for (const auto& [b_key, y] : b.expression_->terms) {
      std::vector<Expression::AtomPtr> factors = x.factors;
      factors.insert(factors.end(), y.factors.begin(), y.factors.end());
      std::sort(factors.begin(), factors.end(),
                [](const auto& left, const auto& right) { return left->text < right->text; });
      Expression::Accumulate(terms, Expression::Key(factors), Product(x.coefficient, y.coefficient), factors);
    }
  }
  return Expression::Of(std::move(terms));
}

Dim operator+(const Dim& a, const Dim& b) {
  Dim::Expression::Terms terms = a.expression_->terms;
  for (const auto& [key, term] : b.expression_->terms) {
    Dim::Expression::Accumulate(terms, key, term.coefficient, term.factors);
  }
  return Dim::Expression::Of(std::move(terms));
}

Dim CeilDiv(const Dim& a, int64_t divisor) {
  return Dim::Expression::Quotient(Dim::Expression::AtomKind::kCeilDiv, a, divisor);
}

Dim FloorDiv(const Dim& a, int64_t divisor) {
  return Dim::Expression::Quotient(Dim::Expression::AtomKind::kFloorDiv, a, divisor);
}

bool operator==(const Dim& a, const Dim& b) {
  return a.expression_ == b.expression_ || a.expression_->text == b.expression_->text;
}

Dim ConvOutput(const Dim& in, int64_t kernel, int64_t stride, int64_t pad) {
  if (2 * pad - kernel == -1) return CeilDiv(in, stride);
  return FloorDiv(in + (2 * pad - kernel), stride) + 1;
}

Shape Evaluate(const DimShape& shape, const InputSize& size) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : shape) sizes.push_back(dim.Evaluate(size));
  return Shape(std::span<const int64_t>(sizes));
}

std::string ToString(const DimShape& shape) {
  std::vector<std::string> texts;
  for (const Dim& dim : shape) texts.push_back(dim.ToString());
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

}  // namespace segforge
