#include "formats/onnx_write.h"

#include <gmock/gmock.h>

#include "formats/test_bytes.h"
#include "formats/test_files.h"
#include "onnx.pb.h"

namespace segforge {

bool operator==(const OnnxOpaque& a, const OnnxOpaque& b) { return a.bytes == b.bytes && a.reads == b.reads; }

bool operator==(const ConstTensorView& a, const ConstTensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape && std::memcmp(a.data, b.data, a.bytes()) == 0;
}

bool operator==(const NamedTensor& a, const NamedTensor& b) {
  return a.name == b.name && a.tensor == b.tensor;
}

bool operator==(const OnnxAttribute& a, const OnnxAttribute& b) {
  return a.name == b.name && a.value == b.value;
}

bool operator==(const OnnxNode& a, const OnnxNode& b) {
  return std::tie(a.op, a.domain, a.name, a.inputs, a.outputs, a.attributes, a.rest) ==
         std::tie(b.op, b.domain, b.name, b.inputs, b.outputs, b.attributes, b.rest);
}

bool operator==(const OnnxValueInfo& a, const OnnxValueInfo& b) {
  return std::tie(a.name, a.dtype, a.dims, a.dim_names, a.opaque) ==
         std::tie(b.name, b.dtype, b.dims, b.dim_names, b.opaque);
}

namespace {

using onnx::TensorProto;
using testing_bytes::Borrow;

void ExpectEqual(const OnnxFile& got, const OnnxFile& want) {
  EXPECT_EQ(got.ir_version, want.ir_version);
  EXPECT_EQ(got.opset, want.opset);
  EXPECT_EQ(got.other_opsets, want.other_opsets);
  EXPECT_EQ(got.metadata, want.metadata);
  EXPECT_EQ(got.rest, want.rest);
  // Compared as a whole: printed, weights would fill the screen.
  EXPECT_TRUE(got.inputs == want.inputs);
  EXPECT_TRUE(got.outputs == want.outputs);
  EXPECT_TRUE(got.values == want.values);
  EXPECT_TRUE(got.initializers == want.initializers);
  EXPECT_TRUE(got.other_initializers == want.other_initializers);
  EXPECT_TRUE(got.nodes == want.nodes);
}

void ExpectSameAfterWriting(const OnnxFile& model) {
  const Result<std::string> bytes = OnnxToBytes(model);
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  const Result<OnnxFile> read = OnnxFromBytes(Borrow(*bytes), {});
  ASSERT_TRUE(read.ok()) << read.status().message();
  ExpectEqual(*read, model);
  EXPECT_TRUE(OnnxToBytes(*read).value() == *bytes);
}

TEST(OnnxWrite, RealExportsAreReadAgainAsTheyWere) {
  const std::filesystem::path models = SharedFolder() / "models";
  if (!std::filesystem::exists(models)) GTEST_SKIP() << "no shared folder";
  for (const char* name : {"b0.hf.op12.onnx", "b0.hf.op18.onnx", "b0.mmseg.op11.1024.onnx"}) {
    SCOPED_TRACE(name);
    const Result<OnnxFile> model = OpenOnnx(models / name);
    ASSERT_TRUE(model.ok()) << model.status().message();
    ExpectSameAfterWriting(*model);
  }
}

onnx::NodeProto& AddNode(onnx::ModelProto& model, const std::string& output) {
  onnx::NodeProto& node = *model.mutable_graph()->add_node();
  node.set_op_type("Custom");
  node.set_domain("com.example");
  node.add_output(output);
  model.mutable_graph()->add_output()->set_name(output);
  return node;
}

// What the real files have none of: all that is passed on without being understood.
TEST(OnnxWrite, PassesOnWhatTheReaderDoesNotKnow) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name("tests");
  model.add_functions()->set_name("f");
  model.add_opset_import()->set_version(17);
  auto& other = *model.add_opset_import();
  other.set_domain("com.example");
  other.set_version(3);
  auto& entry = *model.add_metadata_props();
  entry.set_key("licence");
  entry.set_value("none");
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("main");
  TensorProto& text = *graph.add_initializer();
  text.set_name("text");
  text.set_data_type(TensorProto::STRING);
  text.add_string_data("a");
  auto& sparse = *graph.add_sparse_initializer();
  sparse.mutable_values()->set_name("sparse");
  sparse.mutable_values()->set_data_type(TensorProto::FLOAT);
  sparse.add_dims(4);
  auto& input = *graph.add_input();
  input.set_name("sequence");
  input.mutable_type()->mutable_sequence_type();
  onnx::NodeProto& node = AddNode(model, "y");
  node.set_doc_string("why");
  node.add_input("");
  node.add_input("sparse");
  auto& branch = *node.add_attribute();
  branch.set_name("body");
  branch.set_type(onnx::AttributeProto::GRAPH);
  branch.mutable_g()->add_output()->set_name("sequence");

  const std::string bytes = model.SerializeAsString();
  const Result<OnnxFile> read = OnnxFromBytes(Borrow(bytes), {});
  ASSERT_TRUE(read.ok()) << read.status().message();
  ASSERT_EQ(read->other_initializers.size(), 2u);
  ExpectSameAfterWriting(*read);
  onnx::ModelProto again;
  ASSERT_TRUE(again.ParseFromString(OnnxToBytes(*read).value()));
  EXPECT_EQ(again.graph().sparse_initializer(0).SerializeAsString(), sparse.SerializeAsString());
  EXPECT_EQ(again.graph().initializer(0).SerializeAsString(), text.SerializeAsString());
}

TEST(OnnxWrite, KeepsEveryKindOfAttributeAndDim) {
  OnnxFile model;
  model.rest = OnnxRest("tests", "1.0", "main");
  model.ir_version = 10;
  model.opset = 21;
  model.inputs.push_back({"image", DType::kF32, {{kFreeDim, 3, kFreeDim}}, {"batch", "", ""}});
  model.outputs.push_back({"y", DType::kBool, {}});
  const std::vector<uint16_t> halves = {0x3C00, 0xC000};
  const ConstTensorView tensor = {halves.data(), DType::kF16, Shape{2, 1}};
  model.initializers.push_back({"w", tensor});
  model.nodes.push_back({"Op",
                         "",
                         "node",
                         {"image", "", "w"},
                         {"y"},
                         {{"i", int64_t{-3}},
                          {"f", 0.5f},
                          {"s", std::string("linear")},
                          {"t", tensor},
                          {"is", std::vector<int64_t>{7, 8}},
                          {"fs", std::vector<float>()},
                          {"ss", std::vector<std::string>{"a"}}}});
  ExpectSameAfterWriting(model);
}

// Nothing of the tensor is touched: its bytes are counted before.
TEST(OnnxWrite, RefusesWhatTheFormatCannotHold) {
  OnnxFile model;
  model.initializers.push_back({"w", {nullptr, DType::kF32, Shape{int64_t{1} << 29}}});
  const Result<std::string> bytes = OnnxToBytes(model);
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.status().message(), "2147483648 bytes: an ONNX file has less than 2 GiB");
}

}  // namespace
}  // namespace segforge
