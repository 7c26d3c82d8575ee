#include "eval/child_process.h"

#include <gtest/gtest.h>

namespace segforge {
namespace {

TEST(ChildProcess, AnswersWhatItIsSent) {
  ChildProcess cat = ChildProcess::Start({"cat"}).value();
  const std::string text = "first\nsecond, and bytes\n";
  ASSERT_TRUE(cat.Send(text.data(), text.size()).ok());
  EXPECT_EQ(cat.ReceiveLine().value(), "first");
  std::string rest(10, ' ');
  ASSERT_TRUE(cat.Receive(rest.data(), 6).ok());
  EXPECT_EQ(rest.substr(0, 6), "second");
}

TEST(ChildProcess, OneThatHasEndedIsAnErrorAndNoSignal) {
  ChildProcess ended = ChildProcess::Start({"true"}).value();
  EXPECT_EQ(ended.ReceiveLine().status().code(), StatusCode::kIo);
  const std::string much(1 << 20, 'x');
  EXPECT_EQ(ended.Send(much.data(), much.size()).code(), StatusCode::kIo);
}

TEST(ChildProcess, ProgramsThatAreMissingAreNamed) {
  const Status status = ChildProcess::Start({"/nowhere/python3"}).status();
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_EQ(status.message(), "/nowhere/python3: No such file or directory");
}

TEST(ChildProcess, LinesHaveAnEnd) {
  ChildProcess endless = ChildProcess::Start({"cat", "/dev/zero"}).value();
  EXPECT_EQ(endless.ReceiveLine().status().code(), StatusCode::kIo);
}

}  // namespace
}  // namespace segforge
