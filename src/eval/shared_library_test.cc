#include "eval/shared_library.h"

#include <gtest/gtest.h>

#include <array>

namespace segforge {
namespace {

TEST(SharedLibrary, SaysWhatIsMissingAndWhatToDo) {
  const std::array<const char*, 2> usual = {"libsegforge-nowhere.so", "libsegforge-nowhere.so.1"};
  const Status status = LoadLibrary("Engine", "SEGFORGE_TEST_ENGINE", usual).status();
  EXPECT_EQ(status.code(), StatusCode::kUnsupported);
  EXPECT_EQ(status.message(),
            "Engine: libsegforge-nowhere.so: cannot be loaded; install it, or name libsegforge-nowhere.so in "
            "$SEGFORGE_TEST_ENGINE");
}

TEST(SharedLibrary, TheFirstThatIsThereIsLoaded) {
  const std::array<const char*, 2> usual = {"libsegforge-nowhere.so", "libc.so.6"};
  EXPECT_NE(LoadLibrary("C", "SEGFORGE_TEST_ENGINE", usual).value(), nullptr);
}

TEST(SharedLibrary, OfSeveralLinesTheLastCounts) {
  EXPECT_EQ(LastLine("Exception from core.cpp:84:\nUnable to read\tthe model\n\n"),
            "Unable to read?the model");
  EXPECT_EQ(LastLine("one"), "one");
  EXPECT_EQ(LastLine("\n"), "");
}

}  // namespace
}  // namespace segforge
