#include "onnx/simplify/fuse_gelu.h"

#include "onnx/simplify/test_file.h"

namespace segforge::simplify {
namespace {

using namespace testing;  // NOLINT(*-build-using-namespace): what tests are written in
using ::testing::HasSubstr;

Rewriting Fuse() {
  return [](Graph& graph) { return FuseGelu(graph, {.kind = Choice::Kind::kAll}); };
}

std::string ErfTerm(TestFile& t, const std::string& x, bool divides) {
  const std::string scaled =
      divides ? t.Node("Div", {x, t.Float(1.41421354f)}) : t.Node("Mul", {t.Float(0.70710677f), x});
  return t.Node("Add", {t.Node("Erf", {scaled}), t.Float(1)});
}

TEST(FuseGelu, InEveryOrderOfItsFactors) {
  for (const bool divides : {false, true}) {
    for (int order = 0; order < 3; ++order) {
      TestFile t(20);
      const std::string x = t.Input("x", {2, 3}), term = ErfTerm(t, x, divides), half = t.Float(0.5f);
      if (order == 0) t.Output(t.Node("Mul", {t.Node("Mul", {x, term}), half}));
      if (order == 1) t.Output(t.Node("Mul", {x, t.Node("Mul", {half, term})}));
      if (order == 2) t.Output(t.Node("Mul", {t.Node("Mul", {x, half}), term}));
      ExpectRewrite(t, Fuse(), {{"Gelu", 1}});
    }
  }
}

TEST(FuseGelu, NearMissesAreLeftAlone) {
  TestFile other(20);  // the error function of another value
  other.Output(other.Node(
      "Mul", {other.Node("Mul", {other.Input("x", {2}), ErfTerm(other, other.Input("y", {2}), true)}),
              other.Float(0.5f)}));
  ExpectUntouched(other, Fuse());
  TestFile third(20);
  const std::string x = third.Input("x", {2});
  third.Output(third.Node("Mul", {third.Node("Mul", {x, ErfTerm(third, x, true)}), third.Float(0.3f)}));
  ExpectUntouched(third, Fuse());
  TestFile read(20);
  const std::string z = read.Input("x", {2}), term = ErfTerm(read, z, true);
  read.Output(read.Node("Mul", {read.Node("Mul", {z, term}), read.Float(0.5f)}));
  read.Output(term);
  ExpectUntouched(read, Fuse());
}

}  // namespace
}  // namespace segforge::simplify
