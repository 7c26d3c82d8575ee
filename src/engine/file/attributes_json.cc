#include "engine/file/attributes_json.h"

#include <array>

#include "engine/file/json_fields.h"
#include "ir/op_table.h"
#include "ir/parse_dim.h"

namespace segforge {
namespace {

using nlohmann::json;

// Far beyond any network's, and small enough that no sum or product of them overflows.
constexpr int64_t kMaxNumber = 4096;

struct Writer {
  json& node;

  void operator()(const NoAttrs&) const {}
  void operator()(const Conv2dAttrs& a) const {
    node["stride"] = a.stride;
    node["pad"] = a.pad;
  }
  void operator()(const LayerNormAttrs& a) const { node["eps"] = a.eps; }
  void operator()(const BatchNormAttrs& a) const { node["eps"] = a.eps; }
  void operator()(const MatMulAttrs& a) const { node["transpose_b"] = a.transpose_b; }
  void operator()(const ReshapeAttrs& a) const {
    node["shape"] = json::array();
    for (const Dim& dim : a.shape) node["shape"].push_back(dim.ToString());
  }
  void operator()(const TransposeAttrs& a) const { node["permutation"] = a.permutation; }
  void operator()(const ResizeAttrs& a) const {
    node["height"] = a.height.ToString();
    node["width"] = a.width.ToString();
  }
  void operator()(const LinearEpilogueAttrs& a) const {
    node["bias"] = a.has_bias;
    node["residual"] = a.has_residual;
    node["activation"] = static_cast<int>(a.activation);
  }
  void operator()(const AttentionAttrs& a) const {
    node["heads"] = a.heads;
    node["scale"] = a.scale;
  }
  void operator()(const MixFfnAttrs& a) const { node["eps"] = a.eps; }
  void operator()(const UpsampleSumAttrs& a) const { node["activation"] = static_cast<int>(a.activation); }
  void operator()(const CastAttrs& a) const { node["to"] = NameOf(a.to); }
};

Result<float> ReadEps(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(const float eps, fields.Number("eps"));
  if (eps < 0) return InvalidInput("\"eps\": expected at least 0, got {}", eps);
  return eps;
}

Result<Activation> ReadActivation(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(const int64_t value,
                            fields.Whole("activation", 0, static_cast<int64_t>(Activation::kGelu)));
  return static_cast<Activation>(value);
}

Result<Dim> ReadDim(const JsonFields& fields, const char* key) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::string text, fields.Text(key));
  const Result<Dim> dim = ParseDim(text);
  return dim.ok() ? dim : dim.status().Within(fmt::format("\"{}\"", key));
}

Result<Attributes> ReadConv(const JsonFields& fields) {
  Conv2dAttrs attrs;
  SEGFORGE_ASSIGN_OR_RETURN(attrs.stride, fields.Whole("stride", 1, kMaxNumber));
  SEGFORGE_ASSIGN_OR_RETURN(attrs.pad, fields.Whole("pad", 0, kMaxNumber));
  return Attributes(attrs);
}

Result<Attributes> ReadReshape(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::vector<std::string> texts, fields.Texts("shape"));
  if (texts.size() > Shape::kMaxRank) return InvalidInput("\"shape\": more than {} axes", Shape::kMaxRank);
  ReshapeAttrs attrs;
  for (const std::string& text : texts) {
    SEGFORGE_ASSIGN_OR_RETURN(Dim dim, ParseDim(text));
    attrs.shape.push_back(std::move(dim));
  }
  return Attributes(std::move(attrs));
}

Result<Attributes> ReadTranspose(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(const json* array, fields.Array("permutation"));
  TransposeAttrs attrs;
  for (const json& axis : *array) {
    const bool valid = axis.is_number_unsigned() && axis.get<uint64_t>() < Shape::kMaxRank;
    if (!valid) return InvalidInput("\"permutation\": expected axes below {}", Shape::kMaxRank);
    attrs.permutation.push_back(axis.get<int>());
  }
  return Attributes(std::move(attrs));
}

Result<Attributes> ReadResize(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(Dim height, ReadDim(fields, "height"));
  SEGFORGE_ASSIGN_OR_RETURN(Dim width, ReadDim(fields, "width"));
  return Attributes(ResizeAttrs{std::move(height), std::move(width)});
}

Result<Attributes> ReadEpilogue(const JsonFields& fields) {
  LinearEpilogueAttrs attrs;
  SEGFORGE_ASSIGN_OR_RETURN(attrs.has_bias, fields.Bool("bias"));
  SEGFORGE_ASSIGN_OR_RETURN(attrs.has_residual, fields.Bool("residual"));
  SEGFORGE_ASSIGN_OR_RETURN(attrs.activation, ReadActivation(fields));
  return Attributes(attrs);
}

Result<Attributes> ReadAttention(const JsonFields& fields) {
  AttentionAttrs attrs;
  SEGFORGE_ASSIGN_OR_RETURN(attrs.heads, fields.Whole("heads", 1, kMaxNumber));
  SEGFORGE_ASSIGN_OR_RETURN(attrs.scale, fields.Number("scale"));
  return Attributes(attrs);
}

Result<Attributes> ReadCast(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(const std::string name, fields.Text("to"));
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    if (NameOf(dtype) == name) return Attributes(CastAttrs{dtype});
  }
  return InvalidInput("\"to\": expected f32, f16 or bf16");
}

template <typename Attrs>
Result<Attributes> ReadEpsOf(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(const float eps, ReadEps(fields));
  return Attributes(Attrs{eps});
}

Result<Attributes> ReadMatMul(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(const bool transpose_b, fields.Bool("transpose_b"));
  return Attributes(MatMulAttrs{transpose_b});
}

Result<Attributes> ReadUpsampleSum(const JsonFields& fields) {
  SEGFORGE_ASSIGN_OR_RETURN(const Activation activation, ReadActivation(fields));
  return Attributes(UpsampleSumAttrs{activation});
}

// In the order of the variant.
using Reader = Result<Attributes> (*)(const JsonFields& fields);
constexpr std::array<Reader, std::variant_size_v<Attributes>> kReaders = {
    [](const JsonFields&) -> Result<Attributes> { return Attributes(NoAttrs()); },
    ReadConv,
    ReadEpsOf<LayerNormAttrs>,
    ReadEpsOf<BatchNormAttrs>,
    ReadMatMul,
    ReadReshape,
    ReadTranspose,
    ReadResize,
    ReadEpilogue,
    ReadAttention,
    ReadEpsOf<MixFfnAttrs>,
    ReadUpsampleSum,
    ReadCast};

}  // namespace

void AddAttributes(const Attributes& attributes, json& node) { std::visit(Writer{node}, attributes); }

Result<Attributes> AttributesOf(Op op, const json& node) {
  return kReaders[RowOf(op).attributes](JsonFields(node));
}

}  // namespace segforge
