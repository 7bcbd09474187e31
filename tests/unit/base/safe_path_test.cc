#include "base/safe_path.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

using test::error_of;

TEST(SafeName, KeepsAnyBytesThatStayInTheFolder) {
  for (const std::string name :
       {"a", "...", "..a", "a..", "-rf", "con.txt", "\xff\xfe", "a\\b", "a b\n"}) {
    EXPECT_EQ(SafeName::parse(name).str(), name);
  }
  EXPECT_TRUE(SafeName::is_safe(std::string(255, 'x')));
}

TEST(SafeName, RefusesWhatLeadsAway) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("/"),
        std::string("a\0b", 3), std::string(256, 'x')}) {
    EXPECT_FALSE(SafeName::is_safe(name));
    EXPECT_EQ(error_of([&] { SafeName::parse(name); }).code(), ErrorCode::damaged);
  }
}

TEST(SafePath, IsMadeOfSafeNames) {
  const SafePath path = SafePath::parse("setup/files/readme.txt");
  EXPECT_EQ(path.components(), (std::vector<std::string_view>{"setup", "files", "readme.txt"}));
  EXPECT_EQ(path.last(), "readme.txt");
  EXPECT_EQ(path.parent().str(), "setup/files");
  EXPECT_EQ(path.parent().parent().parent(), SafePath());
  EXPECT_EQ(SafePath().child(SafeName::parse("a")).child(SafeName::parse("b")).str(), "a/b");
  EXPECT_TRUE(SafePath::parse("").empty());
  EXPECT_TRUE(SafePath().components().empty());
  EXPECT_EQ(SafePath().last(), "");
  EXPECT_EQ(SafePath().parent(), SafePath());
}

TEST(SafePath, RefusesWhatLeavesItsFolder) {
  for (const std::string path :
       {"/", "/etc/passwd", "..", "a/../b", "../a", "a/..", "./a", "a/.", "a//b", "a/", "//a"}) {
    EXPECT_EQ(error_of([&] { SafePath::parse(path); }).code(), ErrorCode::damaged) << path;
  }
  EXPECT_EQ(error_of([] { SafePath::parse(std::string_view("a/b\0c", 5)); }).code(),
            ErrorCode::damaged);
}

TEST(SafePath, SaysWhichPartIsWrong) {
  EXPECT_STREQ(error_of([] { SafePath::parse("setup/../../etc"); }).what(),
               "path 'setup/../../etc': its part '..' leads out of its folder");
  EXPECT_STREQ(error_of([] { SafePath::parse("/etc/passwd"); }).what(),
               "path '/etc/passwd': is absolute");
}

TEST(SafePath, HasLimitsOfLengthAndDepth) {
  std::string deep = "d";
  for (int i = 1; i < 256; ++i) deep += "/d";
  const SafePath deepest = SafePath::parse(deep);
  EXPECT_EQ(deepest.components().size(), 256u);
  EXPECT_THROW(SafePath::parse(deep + "/d"), Error);
  EXPECT_THROW(deepest.child(SafeName::parse("d")), Error);

  std::string long_path = std::string(255, 'a');
  for (int i = 1; i < 16; ++i) long_path += "/" + std::string(255, 'a');
  EXPECT_EQ(SafePath::parse(long_path).str().size(), 4095u);
  EXPECT_THROW(SafePath::parse(long_path).child(SafeName::parse("b")), Error);
}

}  // namespace
}  // namespace courier
