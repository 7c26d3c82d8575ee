#include "model/license.h"

#include <gtest/gtest.h>

namespace segforge {
namespace {

TEST(LicenseFromCard, ReadsTheFrontMatter) {
  EXPECT_EQ(LicenseFromCard("---\nlicense: apache-2.0\ntags:\n- x\n---\n# Model\n"), "apache-2.0");
  EXPECT_EQ(LicenseFromCard("---\r\ntags: x\r\nlicense: \"mit\"\r\n---\r\n"), "mit");
  EXPECT_EQ(LicenseFromCard("---\nlicense: other\nlicense_name: research only\n---\n"), "research only");
  EXPECT_EQ(LicenseFromCard("---\nlicense: other\n---\nlicense_name: not here\n"), "other");
}

TEST(LicenseFromCard, IsEmptyWithoutOne) {
  EXPECT_EQ(LicenseFromCard(""), "");
  EXPECT_EQ(LicenseFromCard("# Model\nlicense: mit\n"), "");
  EXPECT_EQ(LicenseFromCard("---\ntags: x\n---\nlicense: mit\n"), "");
  EXPECT_EQ(LicenseFromCard("---"), "");
}

TEST(LicenseFromCard, NeverCarriesControlCharacters) {
  EXPECT_EQ(LicenseFromCard("---\nlicense: a\x1b[31mb\n---\n"), "a?[31mb");
}

}  // namespace
}  // namespace segforge
