#include "store/tree_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/durable.h"
#include "base/error.h"
#include "store/store.h"
#include "store/tree_verify.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::describe;
using test::error_of;

class TreeWriter : public ::testing::Test {
 protected:
  Digest take(const std::string& source) { return store_.snapshot(source).root; }
  Fd make(const std::string& name) { return make_dirs(fs_, temp_ / name); }
  struct stat stat_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::lstat((temp_ / path).c_str(), &status), 0) << path;
    return status;
  }

  // As FAT does.
  void refuse_colons() {
    faulty_.before_each([](const std::string& call, const std::string& path) {
      const bool makes = call == "create" || call == "make_dir_at" || call == "symlink_at";
      if (makes && path.find(':') != std::string::npos) {
        throw system_error(EINVAL, path, "cannot create it");
      }
    });
  }

  test::TempFolder temp_;
  PosixFileSystem fs_;
  test::FaultyFileSystem faulty_{fs_};
  Store store_ = Store::open(fs_, temp_ / "store", Store::Access::write);
  const std::string source_ = temp_ / "source";
};

TEST_F(TreeWriter, WritesATreeThatReadsBackTheSame) {
  test::RandomTree(31).make(source_, 80);
  const Digest root = take(source_);
  const Fd dir = make("copy");
  const auto written = write_tree(store_, fs_, root, dir);
  EXPECT_EQ(written.problem_count, 0u);
  EXPECT_EQ(written.written, store_.read_root(root).totals);
  EXPECT_EQ(describe(source_), describe(temp_ / "copy"));
  fs_.sync_file_system(dir);
  TreeVerifyOptions options;
  options.metadata = true;
  const auto read = verify_tree(store_, fs_, root, dir, options);
  EXPECT_TRUE(read.same()) << read.differences.at(0).path << ": " << read.differences.at(0).what;
  EXPECT_EQ(read.read, written.written);
}

TEST_F(TreeWriter, SetsSetuidOnlyWhenAsked) {
  std::filesystem::create_directory(source_);
  test::write_file(source_ + "/tool", "x");
  ::chmod((source_ + "/tool").c_str(), 06755);
  const Digest root = take(source_);
  write_tree(store_, fs_, root, make("plain"));
  EXPECT_EQ(stat_of("plain/tool").st_mode & 07777, 0755u);
  TreeWriteOptions options;
  options.set_ids = true;
  write_tree(store_, fs_, root, make("ids"), options);
  EXPECT_EQ(stat_of("ids/tool").st_mode & 07777, 06755u);
}

TEST_F(TreeWriter, GivesEverythingTheModeAskedFor) {
  std::filesystem::create_directories(source_ + "/sub");
  test::write_file(source_ + "/plain", "x");
  test::write_file(source_ + "/tool", "x");
  ::chmod((source_ + "/plain").c_str(), 0600);
  ::chmod((source_ + "/tool").c_str(), 0700);
  ::chmod((source_ + "/sub").c_str(), 0700);
  TreeWriteOptions options;
  options.mode = 0644;
  write_tree(store_, fs_, take(source_), make("copy"), options);
  EXPECT_EQ(stat_of("copy/plain").st_mode & 07777, 0644u);
  EXPECT_EQ(stat_of("copy/tool").st_mode & 07777, 0755u);
  EXPECT_EQ(stat_of("copy/sub").st_mode & 07777, 0755u);
}

TEST_F(TreeWriter, NamesWhatDiffers) {
  std::filesystem::create_directories(source_ + "/sub");
  test::write_file(source_ + "/content", "as it was");
  test::write_file(source_ + "/gone", "x");
  test::write_file(source_ + "/long", "x");
  test::write_file(source_ + "/mode", "x");
  test::write_file(source_ + "/sub/inner", "x");
  std::filesystem::create_symlink("there", source_ + "/link");
  std::filesystem::create_hard_link(source_ + "/content", source_ + "/name");
  const Digest root = take(source_);
  const Fd dir = make("copy");
  write_tree(store_, fs_, root, dir);
  const std::string copy = temp_ / "copy";
  test::write_file(copy + "/content", "as it is!");
  std::filesystem::remove(copy + "/gone");
  test::write_file(copy + "/long", "xyz");
  ::chmod((copy + "/mode").c_str(), 0400);
  std::filesystem::remove_all(copy + "/sub");
  std::filesystem::remove(copy + "/link");
  std::filesystem::create_symlink("elsewhere", copy + "/link");
  std::filesystem::remove(copy + "/name");
  test::write_file(copy + "/name", "as it was");
  test::write_file(copy + "/stranger", "x");
  TreeVerifyOptions options;
  options.metadata = true;
  std::map<std::string, std::string> found;
  for (const auto& named : verify_tree(store_, fs_, root, dir, options).differences) {
    found[named.path] = named.what;
  }
  const std::map<std::string, std::string> expected = {{"content", "content differs"},
                                                       {"gone", "missing"},
                                                       {"link", "leads elsewhere"},
                                                       {"long", "has 3 bytes instead of 1"},
                                                       {"mode", "mode differs"},
                                                       {"name", "is not the same file as content"},
                                                       {"stranger", "not part of the package"},
                                                       {"sub", "missing"}};
  EXPECT_EQ(found, expected);
}

TEST_F(TreeWriter, NamesWhatTheTargetCannotHoldAndWritesTheRest) {
  std::filesystem::create_directories(source_ + "/a:b");
  test::write_file(source_ + "/a:b/inner", "x");
  test::write_file(source_ + "/c:d", "x");
  test::write_file(source_ + "/plain", "x");
  std::filesystem::create_symlink("x", source_ + "/li:nk");
  const Digest root = take(source_);
  refuse_colons();
  const Fd dir = make("copy");
  const auto report = write_tree(store_, faulty_, root, dir);
  ASSERT_EQ(report.problem_count, 3u);
  EXPECT_EQ(report.problems[0].path, "a:b");
  EXPECT_EQ(report.problems[1].path, "c:d");
  EXPECT_EQ(report.problems[2].path, "li:nk");
  EXPECT_THAT(report.problems[0].what, ::testing::HasSubstr("the target cannot hold it"));
  EXPECT_TRUE(std::filesystem::exists(temp_ / "copy/plain"));
  EXPECT_FALSE(std::filesystem::exists(temp_ / "copy/.courier-probe"));
}

TEST_F(TreeWriter, NamesAHardLinkToWhatTheTargetCannotHold) {
  std::filesystem::create_directories(source_ + "/a:b");
  test::write_file(source_ + "/a:b/inner", "x");
  std::filesystem::create_hard_link(source_ + "/a:b/inner", source_ + "/link");
  const Digest root = take(source_);
  refuse_colons();
  const Fd dir = make("copy");
  // The content is as it should be: this is no damage.
  const auto report = write_tree(store_, faulty_, root, dir);
  ASSERT_EQ(report.problem_count, 2u);
  EXPECT_EQ(report.problems[1].path, "link");
  EXPECT_EQ(report.problems[1].what, "leads to a:b/inner, which is not there");
}

TEST_F(TreeWriter, TakesAFailureThatPassesForNoFaultOfTheName) {
  test::RandomTree(33).make(source_, 20);
  const Digest root = take(source_);
  for (const char* call : {"create", "make_dir_at", "symlink_at", "link_at"}) {
    test::FaultyFileSystem failing(fs_);
    failing.fail_only({call});
    failing.fail_at(1, EIO);
    const Fd dir = make(std::string("copy-") + call);
    EXPECT_EQ(write_tree(store_, failing, root, dir).problem_count, 0u) << call;
    EXPECT_EQ(describe(source_), describe(temp_ / (std::string("copy-") + call))) << call;
  }
}

TEST_F(TreeWriter, TakesADiskThatIsFullByNowForNoFaultOfTheName) {
  std::filesystem::create_directory(source_);
  test::write_file(source_ + "/file", "x");
  const Digest root = take(source_);
  int tried = 0;
  faulty_.before_each([&](const std::string& call, const std::string& path) {
    if (call != "create" || !path.ends_with("/file")) return;
    throw system_error(++tried == 1 ? EIO : ENOSPC, path, "cannot create it");
  });
  const Fd dir = make("copy");
  EXPECT_EQ(error_of([&] { write_tree(store_, faulty_, root, dir); }).code(), ErrorCode::no_space);
}

TEST_F(TreeWriter, NamesAttributesForWhichAnInodeHasNoRoom) {
  std::filesystem::create_directory(source_);
  test::write_file(source_ + "/file", "x");
  ASSERT_EQ(::setxattr((source_ + "/file").c_str(), "user.a", "1", 1, 0), 0);
  const Digest root = take(source_);
  faulty_.fail_only({"set_xattr"});
  faulty_.fail_at(1, ENOSPC);  // as ext4 says when one block does not hold them
  const Fd dir = make("copy");
  const auto report = write_tree(store_, faulty_, root, dir);
  EXPECT_EQ(report.attribute_problems, 1u);
  EXPECT_EQ(report.problems.at(0).path, "file");
  EXPECT_TRUE(std::filesystem::exists(temp_ / "copy/file"));
}

TEST_F(TreeWriter, NamesTwoNamesThatTheTargetTakesForOne) {
  std::filesystem::create_directory(source_);
  test::write_file(source_ + "/Read", "upper");
  test::write_file(source_ + "/read", "lower");
  const Digest root = take(source_);
  // Takes READ and read for one, as exFAT does: the second is there already.
  const Fd dir = make("copy");
  test::FaultyFileSystem blind(fs_);
  blind.before_each([&](const std::string& call, const std::string& path) {
    if (call == "create" && path.ends_with("/read")) {
      test::write_file(temp_ / "copy/read", "the same");
    }
  });
  const auto report = write_tree(store_, blind, root, dir);
  ASSERT_EQ(report.problem_count, 1u);
  EXPECT_EQ(report.problems[0].path, "read");
  EXPECT_EQ(report.problems[0].what, "the target takes it for another name beside it");
}

TEST_F(TreeWriter, StopsWhenTheTargetIsFull) {
  test::RandomTree(32).make(source_, 40);
  const Digest root = take(source_);
  test::FaultyFileSystem full(fs_);
  full.fill_after(100'000);
  const Fd dir = make("copy");
  EXPECT_EQ(error_of([&] { write_tree(store_, full, root, dir); }).code(), ErrorCode::no_space);
}

TEST_F(TreeWriter, TakesIdenticalFilesFromElsewhere) {
  std::filesystem::create_directory(source_);
  test::write_file(source_ + "/one", "the first");
  test::write_file(source_ + "/two", "the second");
  const Digest root = take(source_);
  const Fd old_dir = make("old"), dir = make("copy");
  write_tree(store_, fs_, root, old_dir);
  TreeWriteOptions options;
  options.take = [&](const SafePath& path, const TreeEntry&, const Fd& to,
                     const std::string& name) {
    if (path.str() != "two") return TreeWriteOptions::Taken::no;
    fs_.link_at(old_dir, path.str(), to, name);
    return TreeWriteOptions::Taken::shared;
  };
  const auto report = write_tree(store_, fs_, root, dir, options);
  EXPECT_EQ(report.bytes_taken, 10u);
  EXPECT_EQ(stat_of("copy/two").st_ino, stat_of("old/two").st_ino);
  EXPECT_NE(stat_of("copy/one").st_ino, stat_of("old/one").st_ino);
  EXPECT_TRUE(verify_tree(store_, fs_, root, dir).same());
}

// A tree whose hard link names something that is no earlier file, as only a hostile sender makes.
TEST_F(TreeWriter, RefusesAHardLinkThatLeadsThroughALinkOrToNothing) {
  for (const std::string target : {"out/passwd", "nothing", "folder"}) {
    Node leaf;
    TreeEntry folder, out, link;
    folder.type = EntryType::dir;
    folder.name = "folder";
    out.type = EntryType::symlink;
    out.name = "out";
    out.mode = 0777;
    out.target = "/etc";
    link.type = EntryType::hardlink;
    link.name = "zz";
    link.target = target;
    leaf.entries = {folder, out, link};
    BlockBuilder builder;
    const Bytes encoded = encode(leaf);
    RootObject root;
    root.folder.type = EntryType::dir;
    root.folder.mode = 0755;
    root.folder.size = 3;
    root.folder.content = digest_of(DigestKind::node, encoded);
    root.totals = {0, 1, 1, 1, 0};
    const Bytes encoded_root = encode(root);
    const Digest digest = digest_of(DigestKind::root, encoded_root);
    builder.add(DigestKind::node, root.folder.content, encoded);
    builder.add(DigestKind::root, digest, encoded_root);
    auto appender = store_.append();
    appender.add(compress_block(builder.take(), Level::fast));
    appender.finish();
    const Fd dir = make("copy-" + std::to_string(target.size()));
    const Error error = error_of([&] { write_tree(store_, fs_, digest, dir); });
    EXPECT_EQ(error.code(), ErrorCode::damaged) << error.what();
    EXPECT_STREQ(error.what(),
                 ("hard link zz: leads to " + target + ", which is no file before it").c_str());
    EXPECT_FALSE(fs_.stat_at(dir, "zz")) << target;
  }
}

TEST_F(TreeWriter, RefusesATreeLargerThanItsRootSays) {
  std::filesystem::create_directory(source_);
  test::write_file(source_ + "/file", "x");
  RootObject root = store_.read_root(take(source_));
  root.totals.bytes = 0;
  const Bytes encoded = encode(root);
  const Digest digest = digest_of(DigestKind::root, encoded);
  BlockBuilder builder;
  builder.add(DigestKind::root, digest, encoded);
  auto appender = store_.append();
  appender.add(compress_block(builder.take(), Level::fast));
  appender.finish();
  const Fd dir = make("copy");
  EXPECT_EQ(error_of([&] { write_tree(store_, fs_, digest, dir); }).code(), ErrorCode::damaged);
}

TEST_F(TreeWriter, ExportsIntoAnEmptyFolderOnly) {
  std::filesystem::create_directory(source_);
  const Digest root = take(source_);
  std::filesystem::create_directory(temp_ / "copy");
  EXPECT_TRUE(store_.export_tree(root, temp_ / "copy").empty());
  test::write_file(temp_ / "copy/there", "x");
  EXPECT_EQ(error_of([&] { store_.export_tree(root, temp_ / "copy"); }).code(),
            ErrorCode::not_allowed);
}

TEST_F(TreeWriter, KeepsZerosAndWhatIsBetweenThem) {
  std::filesystem::create_directory(source_);
  std::mt19937_64 random(3);
  Bytes content(3'000'000);
  for (const std::size_t at : {0u, 70'000u, 131'071u, 900'001u, 2'000'000u}) {
    const auto bytes = test::random_bytes(random, 1 + at % 9'000);
    std::copy(bytes.begin(), bytes.end(), content.begin() + static_cast<std::ptrdiff_t>(at));
  }
  test::write_file(source_ + "/holes", content);
  write_tree(store_, fs_, take(source_), make("copy"));
  EXPECT_EQ(test::read_whole(temp_ / "copy/holes"), content);
  EXPECT_LT(stat_of("copy/holes").st_blocks * 512, 600'000);
}

}  // namespace
}  // namespace courier
