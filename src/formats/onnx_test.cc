#include "formats/onnx.h"

#include <gmock/gmock.h>

#include "formats/onnx_scan.h"
#include "formats/test_bytes.h"
#include "formats/test_files.h"
#include "onnx.pb.h"

namespace segforge {
namespace {

namespace fs = std::filesystem;
using onnx::TensorProto;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_bytes::Borrow;

// y = Relu(x), to be spoilt by a test.
onnx::ModelProto ReluModel() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.add_input()->set_name("x");
  onnx::NodeProto& node = *graph.add_node();
  node.set_op_type("Relu");
  node.add_input("x");
  node.add_output("y");
  graph.add_output()->set_name("y");
  return model;
}

TensorProto& AddTensor(onnx::ModelProto& model, TensorProto::DataType type,
                       const std::vector<int64_t>& dims) {
  TensorProto& tensor = *model.mutable_graph()->add_initializer();
  tensor.set_name("w");
  tensor.set_data_type(type);
  for (int64_t dim : dims) tensor.add_dims(dim);
  return tensor;
}

std::string ErrorOf(const onnx::ModelProto& model, const fs::path& folder = {}) {
  const std::string bytes = model.SerializeAsString();
  const auto read = OnnxFromBytes(Borrow(bytes), folder);
  if (read.ok()) return "";
  EXPECT_TRUE(IsOneLine(read.status().message())) << read.status().message();
  return read.status().message();
}

// The tensor as float, or the error.
Result<std::vector<float>> ReadBack(const onnx::ModelProto& model, const fs::path& folder = {}) {
  const std::string bytes = model.SerializeAsString();
  SEGFORGE_ASSIGN_OR_RETURN(const OnnxFile read, OnnxFromBytes(Borrow(bytes), folder));
  const Tensor values = ToFloat32(read.initializers.at(0).tensor);
  return std::vector<float>(values.span<float>().begin(), values.span<float>().end());
}

TEST(Onnx, ReadsNodesWithEveryKindOfAttribute) {
  onnx::ModelProto model = ReluModel();
  onnx::GraphProto& graph = *model.mutable_graph();
  auto& type = *graph.mutable_input(0)->mutable_type()->mutable_tensor_type();
  type.set_elem_type(TensorProto::FLOAT16);
  type.mutable_shape()->add_dim()->set_dim_param("batch");
  type.mutable_shape()->add_dim()->set_dim_value(3);
  onnx::NodeProto& node = *graph.mutable_node(0);
  const auto add = [&](const char* name, onnx::AttributeProto::AttributeType kind) -> onnx::AttributeProto& {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    attribute.set_type(kind);
    return attribute;
  };
  add("i", onnx::AttributeProto::INT).set_i(-3);
  add("f", onnx::AttributeProto::FLOAT).set_f(0.5f);
  add("s", onnx::AttributeProto::STRING).set_s("linear");
  add("is", onnx::AttributeProto::INTS).add_ints(7);
  add("fs", onnx::AttributeProto::FLOATS).add_floats(2.5f);
  add("ss", onnx::AttributeProto::STRINGS).add_strings("a");
  TensorProto& tensor = *add("t", onnx::AttributeProto::TENSOR).mutable_t();
  tensor.set_data_type(TensorProto::INT64);
  tensor.add_int64_data(9);

  const std::string bytes = model.SerializeAsString();
  const auto read = OnnxFromBytes(Borrow(bytes), {});
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->opset, 17);
  EXPECT_EQ(read->inputs.at(0).dtype, DType::kF16);
  EXPECT_THAT(*read->inputs.at(0).dims, ElementsAre(kFreeDim, 3));
  const OnnxNode& got = read->nodes.at(0);
  EXPECT_EQ(got.Int("i", 0), -3);
  EXPECT_EQ(got.Int("missing", 4), 4);
  EXPECT_EQ(*got.Find<float>("f"), 0.5f);
  EXPECT_EQ(got.Text("s", ""), "linear");
  EXPECT_THAT(*got.Find<std::vector<int64_t>>("is"), ElementsAre(7));
  EXPECT_THAT(*got.Find<std::vector<float>>("fs"), ElementsAre(2.5f));
  EXPECT_THAT(*got.Find<std::vector<std::string>>("ss"), ElementsAre("a"));
  EXPECT_EQ(got.Find<ConstTensorView>("t")->span<int64_t>()[0], 9);
}

TEST(Onnx, ReadsTensorsHoweverTheirBytesAreKept) {
  onnx::ModelProto raw = ReluModel();
  AddTensor(raw, TensorProto::FLOAT, {2}).set_raw_data(testing_bytes::Raw(1.5f) + testing_bytes::Raw(-2.0f));
  EXPECT_THAT(ReadBack(raw).value(), ElementsAre(1.5f, -2.0f));

  onnx::ModelProto typed = ReluModel();
  TensorProto& floats = AddTensor(typed, TensorProto::FLOAT, {2});
  floats.add_float_data(1.5f);
  floats.add_float_data(3.0f);
  EXPECT_THAT(ReadBack(typed).value(), ElementsAre(1.5f, 3.0f));

  onnx::ModelProto half = ReluModel();
  AddTensor(half, TensorProto::FLOAT16, {1}).add_int32_data(0x3E00);
  EXPECT_THAT(ReadBack(half).value(), ElementsAre(1.5f));

  onnx::ModelProto small = ReluModel();
  AddTensor(small, TensorProto::INT8, {1}).add_int32_data(-5);
  EXPECT_THAT(ReadBack(small).value(), ElementsAre(-5.0f));
}

TEST(Onnx, AnInitializerMayBeListedAsAnInput) {
  onnx::ModelProto model = ReluModel();
  AddTensor(model, TensorProto::FLOAT, {1}).add_float_data(1);
  model.mutable_graph()->add_input()->set_name("w");
  const std::string bytes = model.SerializeAsString();
  const auto read = OnnxFromBytes(Borrow(bytes), {});
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->inputs.size(), 1u);
}

TEST(Onnx, NamesWhatIsWrong) {
  onnx::ModelProto model = ReluModel();
  AddTensor(model, TensorProto::FLOAT, {3}).set_raw_data("12345678");
  EXPECT_EQ(ErrorOf(model), "initializer \"w\": expected 12 bytes for f32 [3], got 8");
  model = ReluModel();
  AddTensor(model, TensorProto::FLOAT, {1'000'000'000});
  EXPECT_THAT(ErrorOf(model), HasSubstr("expected 1000000000 values for [1000000000], got 0"));
  model = ReluModel();
  AddTensor(model, TensorProto::FLOAT, {-1}).set_raw_data("");
  EXPECT_THAT(ErrorOf(model), HasSubstr("initializer \"w\""));
  model = ReluModel();
  AddTensor(model, TensorProto::FLOAT, {0});
  AddTensor(model, TensorProto::FLOAT, {0});
  EXPECT_THAT(ErrorOf(model), HasSubstr("it is there twice"));
  model = ReluModel();
  model.clear_opset_import();
  EXPECT_THAT(ErrorOf(model), HasSubstr("no operator set"));
}

TEST(Onnx, ValuesMustBeMadeOnceAndBeforeTheyAreRead) {
  onnx::ModelProto model = ReluModel();
  model.mutable_graph()->mutable_node(0)->set_input(0, "y");  // a cycle
  EXPECT_EQ(ErrorOf(model), "node \"\" (Relu): reads \"y\", which nothing before it makes");
  model = ReluModel();
  *model.mutable_graph()->add_node() = model.graph().node(0);
  EXPECT_EQ(ErrorOf(model), "node \"\" (Relu): makes \"y\", which is there already");
  model = ReluModel();
  model.mutable_graph()->mutable_output(0)->set_name("z\n");
  EXPECT_EQ(ErrorOf(model), "output \"z\\x0a\": nothing makes it");
}

// An If whose branch gives what it reads from outside and a weight of its own.
onnx::GraphProto& AddBranch(onnx::ModelProto& model, const std::string& reads) {
  onnx::NodeProto& node = *model.mutable_graph()->add_node();
  node.set_op_type("If");
  node.add_input("y");
  node.add_output("z");
  onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name("then_branch");
  attribute.set_type(onnx::AttributeProto::GRAPH);
  onnx::GraphProto& branch = *attribute.mutable_g();
  branch.add_initializer()->set_name("own");
  onnx::NodeProto& inner = *branch.add_node();
  inner.add_input(reads);
  inner.add_input("own");
  inner.add_output("sum");
  branch.add_output()->set_name("sum");
  return branch;
}

TEST(Onnx, PassesNestedGraphsOnAndKnowsWhatTheyRead) {
  onnx::ModelProto model = ReluModel();
  const std::string branch = AddBranch(model, "x").SerializeAsString();
  const std::string bytes = model.SerializeAsString();
  const auto read = OnnxFromBytes(Borrow(bytes), {});
  ASSERT_TRUE(read.ok()) << read.status().message();
  const auto* opaque = read->nodes.at(1).Find<OnnxOpaque>("then_branch");
  ASSERT_NE(opaque, nullptr);
  EXPECT_THAT(opaque->reads, ElementsAre("x"));
  onnx::AttributeProto again;
  ASSERT_TRUE(again.ParseFromString(opaque->bytes));
  EXPECT_EQ(again.g().SerializeAsString(), branch);
}

TEST(Onnx, RefusesNestedGraphsThatLeadElsewhere) {
  onnx::ModelProto model = ReluModel();
  AddBranch(model, "nothing");
  EXPECT_EQ(ErrorOf(model), "node \"\" (If): reads \"nothing\", which nothing before it makes");
  model = ReluModel();
  AddBranch(model, "x").mutable_initializer(0)->set_data_location(TensorProto::EXTERNAL);
  EXPECT_THAT(ErrorOf(model), HasSubstr("external data in a nested graph"));
}

TEST(Onnx, GraphsInsideOfNodesAreRefusedBeyondADepth) {
  onnx::ModelProto model = ReluModel();
  onnx::GraphProto* graph = model.mutable_graph();
  for (int depth = 1; depth <= 17; ++depth) {
    onnx::AttributeProto& attribute = *graph->add_node()->add_attribute();
    attribute.set_type(onnx::AttributeProto::GRAPH);
    graph = attribute.mutable_g();
    EXPECT_EQ(ErrorOf(model), depth <= 16 ? "" : "graphs inside of graphs: expected at most 16 of them");
  }
}

TEST(Onnx, PassesOnWhatItDoesNotKnow) {
  onnx::ModelProto model = ReluModel();
  model.set_producer_name("tests");
  model.add_functions()->set_name("f");
  auto& other = *model.add_opset_import();
  other.set_domain("com.example");
  other.set_version(3);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.mutable_node(0)->set_doc_string("why");
  auto& type = *graph.mutable_input(0)->mutable_type()->mutable_tensor_type();
  type.set_elem_type(TensorProto::STRING);
  type.mutable_shape()->add_dim()->set_dim_param("n");
  AddTensor(model, TensorProto::STRING, {1}).add_string_data("text");
  auto& attribute = *graph.mutable_node(0)->add_attribute();
  attribute.set_name("type");
  attribute.set_type(onnx::AttributeProto::TYPE_PROTO);

  const std::string bytes = model.SerializeAsString();
  const auto read = OnnxFromBytes(Borrow(bytes), {});
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_THAT(read->other_opsets, ElementsAre(testing::Pair("com.example", 3)));
  EXPECT_EQ(read->inputs.at(0).opaque, graph.input(0).SerializeAsString());
  EXPECT_EQ(read->other_initializers.at(0).second.bytes, graph.initializer(0).SerializeAsString());
  EXPECT_EQ(read->nodes.at(0).Find<OnnxOpaque>("type")->bytes, attribute.SerializeAsString());
  onnx::NodeProto node;
  ASSERT_TRUE(node.ParseFromString(read->nodes.at(0).rest));
  EXPECT_EQ(node.doc_string(), "why");
  onnx::ModelProto rest;
  ASSERT_TRUE(rest.ParseFromString(read->rest));
  EXPECT_EQ(rest.producer_name(), "tests");
  EXPECT_EQ(rest.functions(0).name(), "f");
}

TEST(Onnx, EveryTruncationIsAnErrorOrASmallerFile) {
  onnx::ModelProto model = ReluModel();
  AddTensor(model, TensorProto::FLOAT, {2}).set_raw_data("12345678");
  const std::string whole = model.SerializeAsString();
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::string bytes = whole.substr(0, length);
    const auto read = OnnxFromBytes(Borrow(bytes), {});
    EXPECT_FALSE(read.ok() && !read->initializers.empty() && read->outputs.empty()) << length;
    EXPECT_TRUE(read.ok() || IsOneLine(read.status().message())) << length;
  }
}

// An empty node is two bytes in the file and some two hundred in memory.
TEST(Onnx, MemoryIsCountedBeforeItIsTaken) {
  std::string nodes;
  for (int i = 0; i < 1000; ++i) nodes += std::string("\x0a\x00", 2);
  const std::string file = std::string("\x3a\xd0\x0f", 3) + nodes;  // field 7, 2000 bytes
  EXPECT_GE(ScanOnnx(AsBytes(file)).value(), 1000 * static_cast<int64_t>(sizeof(onnx::NodeProto)));
  onnx::ModelProto model = ReluModel();
  AddTensor(model, TensorProto::FLOAT, {250'000}).set_raw_data(std::string(1'000'000, 'x'));
  EXPECT_LE(ScanOnnx(AsBytes(model.SerializeAsString())).value(), 1'100'000);
}

class OnnxExternal : public testing::Test {
 protected:
  OnnxExternal() {
    std::string pattern = (fs::temp_directory_path() / "segforge-onnx-XXXXXX").string();
    SEGFORGE_CHECK(mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    fs::create_directory(root_ / "model");
    Write(root_ / "model/data.bin");
    Write(root_ / "outside.bin");
  }
  ~OnnxExternal() override { fs::remove_all(root_); }

  static void Write(const fs::path& path) {
    std::ofstream(path, std::ios::binary) << testing_bytes::Raw(0.5f) << testing_bytes::Raw(4.0f);
  }
  static onnx::ModelProto Model(const std::string& location, const std::string& offset = "4") {
    onnx::ModelProto model = ReluModel();
    TensorProto& tensor = AddTensor(model, TensorProto::FLOAT, {1});
    tensor.set_data_location(TensorProto::EXTERNAL);
    for (const auto& [key, value] : {std::pair("location", location), std::pair("offset", offset)}) {
      auto& entry = *tensor.add_external_data();
      entry.set_key(key);
      entry.set_value(value);
    }
    return model;
  }
  std::string Error(const std::string& location, const std::string& offset = "4") const {
    return ErrorOf(Model(location, offset), root_ / "model");
  }

  fs::path root_;
};

TEST_F(OnnxExternal, IsReadFromTheFilesOwnFolder) {
  EXPECT_THAT(ReadBack(Model("data.bin"), root_ / "model").value(), ElementsAre(4.0f));
}

TEST_F(OnnxExternal, IsReadFromNowhereElse) {
  EXPECT_THAT(Error("../outside.bin"), HasSubstr("is outside the file's own folder"));
  EXPECT_THAT(Error((root_ / "outside.bin").string()), HasSubstr("is outside the file's own folder"));
  EXPECT_THAT(ErrorOf(Model("data.bin")), HasSubstr("is outside the file's own folder"));
  fs::create_symlink("../outside.bin", root_ / "model/link.bin");
  EXPECT_THAT(Error("link.bin"), HasSubstr("is a link out of the file's own folder"));
  EXPECT_THAT(Error(""), HasSubstr("is no file name"));
  EXPECT_THAT(Error("nothing.bin"), HasSubstr("No such file"));
}

TEST_F(OnnxExternal, MustHoldTheBytes) {
  EXPECT_THAT(Error("data.bin", "5"), HasSubstr("4 bytes wanted at offset 5, the file has 8"));
  EXPECT_THAT(Error("data.bin", "18446744073709551615"), HasSubstr("the file has 8"));
  EXPECT_THAT(Error("data.bin", "-1"), HasSubstr("offset is not a number of bytes"));
}

TEST(Onnx, ReadsRealExports) {
  const fs::path models = SharedFolder() / "models";
  if (!fs::exists(models)) GTEST_SKIP() << "no shared folder";
  const std::vector<std::pair<std::string, size_t>> files = {
      {"b0.hf.op12.onnx", 1407}, {"b0.hf.op18.onnx", 400}, {"b0.mmseg.op11.1024.onnx", 970}};
  for (const auto& [name, nodes] : files) {
    const auto model = OpenOnnx(models / name);
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_EQ(model->nodes.size(), nodes);
    EXPECT_EQ(model->inputs.size(), 1u);
  }
}

}  // namespace
}  // namespace segforge
