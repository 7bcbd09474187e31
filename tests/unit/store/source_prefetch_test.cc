#include "store/source_prefetch.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/durable.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

class Prefetch : public ::testing::Test {
 protected:
  void SetUp() override {
    test::RandomTree(5).make(temp_ / "source", 300);
    for (int i = 0; i < 2'000; ++i) {
      test::write_file(temp_ / ("source/many-" + std::to_string(i)), as_bytes("x"));
    }
    std::filesystem::create_symlink("nowhere", temp_ / "source/link");
    ASSERT_EQ(::mkfifo((temp_ / "source/fifo").c_str(), 0600), 0);
    ASSERT_EQ(::mkdir((temp_ / "source/closed").c_str(), 0), 0);
    dir_ = open_dir(fs_, temp_ / "source");
    before_ = test::describe(temp_ / "source");
  }

  test::TempFolder temp_;
  PosixFileSystem fs_;
  Fd dir_;
  std::string before_;
};

// More files than it may be ahead: it waits for the reader, and is ended all the same.
TEST_F(Prefetch, EndsWhereverItIs) {
  { SourcePrefetch idle(dir_.get()); }
  for (int passed : {1, 100, 5'000}) {
    SourcePrefetch prefetch(dir_.get());
    for (int i = 0; i < passed; ++i) prefetch.passed_file();
  }
  EXPECT_EQ(test::describe(temp_ / "source"), before_);
}

TEST_F(Prefetch, IgnoresAFolderThatIsGone) {
  std::filesystem::remove_all(temp_ / "source");
  SourcePrefetch prefetch(dir_.get());
  prefetch.passed_file();
}

}  // namespace
}  // namespace courier
