#include "formats/pickle.h"

#include <gmock/gmock.h>

#include "formats/test_bytes.h"
#include "formats/test_files.h"

namespace segforge {
namespace {

using testing::HasSubstr;
using namespace testing_bytes;

Result<Pickle> Read(const std::string& bytes) {
  ByteReader reader(AsBytes(bytes));
  return ReadPickle(reader);
}

std::string MessageOf(const std::string& bytes) { return Read(bytes).status().message(); }

// A value as text, to compare with what Python prints.
std::string Show(const Pickle& pickle, PickleRef ref) {
  const auto join = [&](const std::vector<PickleRef>& items) {
    std::string text;
    for (PickleRef item : items) text.append(text.empty() ? "" : ", ").append(Show(pickle, item));
    return text;
  };
  if (pickle.As<PickleNone>(ref) != nullptr) return "None";
  if (const auto* truth = pickle.As<bool>(ref)) return *truth ? "True" : "False";
  if (const auto* number = pickle.As<int64_t>(ref)) return std::to_string(*number);
  if (const auto* number = pickle.As<double>(ref)) return fmt::format("{}", *number);
  if (pickle.As<PickleBigInt>(ref) != nullptr) return "big";
  if (const auto* text = pickle.As<PickleText>(ref)) return fmt::format("\"{}\"", text->text);
  if (const auto* list = pickle.As<PickleList>(ref)) return fmt::format("[{}]", join(list->items));
  if (const auto* tuple = pickle.As<PickleTuple>(ref)) return fmt::format("({})", join(tuple->items));
  std::string text;
  if (const auto* dict = pickle.As<PickleDict>(ref)) {
    for (const auto& [key, value] : dict->items)
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", Show(pickle, key), Show(pickle, value));
    return fmt::format("{{{}}}", text);
  }
  return "?";
}

class PickleProtocols : public testing::TestWithParam<int> {};

TEST_P(PickleProtocols, ReadsPlainValues) {
  const std::string file = ReadStored(fmt::format("plain.p{}.pkl", GetParam()));
  const auto pickle = Read(file);
  ASSERT_TRUE(pickle.ok()) << pickle.status().message();
  EXPECT_EQ(
      Show(*pickle, pickle->root),
      "{\"none\": None, \"true\": True, \"false\": False, \"int\": -5, \"byte\": 200, \"short\": 60000, "
      "\"long\": -1099511627776, \"big\": big, \"float\": 0.1, "
      "\"text\": \"caf\xc3\xa9 'quoted' \\ \n \xf0\x9f\x98\x80\", \"list\": [[1, 2], [1, 2]], "
      "\"tuples\": [(), (1), (1, 2), (1, 2, 3), (1, 2, 3, 4)], \"nested\": {\"a\": {\"b\": {}}}, "
      "\"long_text\": \"" +
          std::string(300, 'x') + "\"}");
}

TEST_P(PickleProtocols, EveryTruncationIsAnError) {
  const std::string file = ReadStored(fmt::format("plain.p{}.pkl", GetParam()));
  for (size_t length = 0; length < file.size(); ++length) {
    const std::string message = MessageOf(file.substr(0, length));
    EXPECT_TRUE(IsOneLine(message)) << length << ": " << message;
  }
}

TEST_P(PickleProtocols, SurvivesMutations) {
  const std::string file = ReadStored(fmt::format("plain.p{}.pkl", GetParam()));
  Mutator mutator(4);
  for (int i = 0; i < 5'000; ++i) {
    const std::string changed = mutator.Mutate(file);
    const auto pickle = Read(changed);
    if (pickle.ok()) continue;
    EXPECT_TRUE(IsOneLine(pickle.status().message())) << pickle.status().message();
  }
}
INSTANTIATE_TEST_SUITE_P(All, PickleProtocols, testing::Range(0, 6));

TEST(Pickle, RefusesGlobalsByName) {
  const std::string canary = testing::TempDir() + "/pickle_ran";
  std::filesystem::remove(canary);
  EXPECT_THAT(MessageOf("cos\nsystem\n(S'touch " + canary + "'\ntR."),
              HasSubstr("(GLOBAL): global \"os.system\" is not allowed"));
  EXPECT_THAT(MessageOf("\x80\x04" + PickledText("posix") + PickledText("system") + "\x93" +
                        PickledText("touch " + canary) + "\x85R."),
              HasSubstr("global \"posix.system\" is not allowed"));
  EXPECT_THAT(MessageOf("(S'touch " + canary + "'\nios\nsystem\n."), HasSubstr("\"os.system\""));
  EXPECT_THAT(MessageOf("cbuiltins\neval\n(S'1'\ntR."), HasSubstr("\"builtins.eval\""));
  EXPECT_THAT(MessageOf("ctorch\nload\n."), HasSubstr("\"torch.load\""));
  EXPECT_THAT(MessageOf("cos\x1b[31m\nsystem\n."), HasSubstr("\"os\\x1b[31m.system\""));
  EXPECT_FALSE(std::filesystem::exists(canary));
}

TEST(Pickle, IgnoresKnownObjects) {
  // Namespace(lr=1), then getattr of an array: nothing of either is kept.
  const auto space = Read(
      "\x80\x02"
      "cargparse\nNamespace\n)\x81}" +
      PickledText("lr") + "K\x01sb.");
  ASSERT_TRUE(space.ok()) << space.status().message();
  EXPECT_NE(space->As<PickleOpaque>(space->root), nullptr);
  const auto called = Read(
      "\x80\x02"
      "cbuiltins\ngetattr\n(cnumpy\nndarray\n" +
      PickledText("sum") + "tRK\x01\x85R.");
  ASSERT_TRUE(called.ok()) << called.status().message();
  EXPECT_NE(called->As<PickleOpaque>(called->root), nullptr);
}

TEST(Pickle, KeepsSharingAndCycles) {
  const auto cycle = Read(
      "\x80\x02]q\x01h\x01"
      "a.");
  ASSERT_TRUE(cycle.ok()) << cycle.status().message();
  EXPECT_EQ(cycle->As<PickleList>(cycle->root)->items[0], cycle->root);
}

TEST(Pickle, RefusesMalformedStacks) {
  EXPECT_THAT(MessageOf("."), HasSubstr("stack is empty"));
  EXPECT_THAT(MessageOf("NN."), HasSubstr("left over"));
  EXPECT_THAT(MessageOf("(N."), HasSubstr("left over"));
  EXPECT_THAT(MessageOf("t."), HasSubstr("no mark"));
  EXPECT_THAT(MessageOf("](a."), HasSubstr("stack is empty"));
  EXPECT_THAT(MessageOf("}(Nu."), HasSubstr("key without a value"));
  EXPECT_THAT(MessageOf("NNa."), HasSubstr("no list"));
  EXPECT_THAT(MessageOf("NNNs."), HasSubstr("no dict"));
  EXPECT_THAT(MessageOf("N)R."), HasSubstr("no function"));
  EXPECT_THAT(MessageOf("N}b."), HasSubstr("plain value"));
  EXPECT_THAT(MessageOf("h\x05."), HasSubstr("memo has no index 5"));
  EXPECT_THAT(MessageOf("Nr\xff\xff\xff\x7f."), HasSubstr("memo index 2147483647"));
  EXPECT_THAT(MessageOf("\x80\x09N."), HasSubstr("protocol 9"));
  EXPECT_THAT(MessageOf("\x82\x01."), HasSubstr("opcode 0x82"));
  EXPECT_THAT(MessageOf("Pid\n."), HasSubstr("opcode 0x50"));
  EXPECT_THAT(MessageOf("NQ."), HasSubstr("persistent id"));
  EXPECT_THAT(MessageOf("X\xff\xff\xff\xffhi"), HasSubstr("truncated"));
  EXPECT_THAT(MessageOf("I12x\n."), HasSubstr("malformed number"));
  EXPECT_THAT(MessageOf("S'a\n."), HasSubstr("malformed text"));
}

TEST(Pickle, BoundsWhatItMakes) {
  EXPECT_THAT(MessageOf(std::string(5'000'000, ']')), HasSubstr("more than 4000000 values"));
  EXPECT_THAT(MessageOf("N" + std::string(20'000'000, '2')), HasSubstr("too many items"));
  EXPECT_THAT(MessageOf(std::string(20'000'000, '(')), HasSubstr("too many items"));
  // A list of 100000 pairs, copied into dict after dict.
  std::string copies = "(";
  for (int i = 0; i < 100'000; ++i) copies += "NN\x86";
  copies +=
      "lq\x01"
      "0ccollections\nOrderedDict\nq\x02";
  for (int i = 0; i < 1'000; ++i) copies += "h\x02h\x01\x85R";
  EXPECT_THAT(MessageOf(copies), HasSubstr("too many items"));
  EXPECT_TRUE(
      Read(std::string(1'000'000, ']') + std::string(999'999, 'a') + ".").ok());  // deep, yet harmless
}

}  // namespace
}  // namespace segforge
