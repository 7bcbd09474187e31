// What a hostile reader of an archive may tell: nothing of it leaves the folder or stays half.
#include "store/unpacked_tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/unpacker.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;
using ::testing::HasSubstr;
using Type = ArchiveEntry::Type;

ArchiveEntry entry(Type type, std::string name, std::string target = "") {
  ArchiveEntry out;
  out.type = type;
  out.name = std::move(name);
  out.target = std::move(target);
  out.mode = 0644;
  out.mtime = {1'000, 0};
  return out;
}

class Unpacked : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(temp_ / "into");
    into_ = fs_.open(temp_ / "into", O_RDONLY | O_DIRECTORY, 0);
    tree_.emplace(fs_, into_, "a.tar", UnpackOptions{});
  }
  void limit(const UnpackOptions& options) { tree_.emplace(fs_, into_, "a.tar", options); }
  void file(const std::string& name, std::string_view content,
            std::optional<std::uint64_t> size = {}) {
    ArchiveEntry one = entry(Type::file, name);
    one.size = size;
    tree_->begin(one);
    tree_->content({0, as_bytes(content)});
  }
  std::string refusal(const std::function<void()>& call) {
    const Error error = error_of(call);
    EXPECT_EQ(error.code(), ErrorCode::damaged);
    return error.what();
  }
  std::string refusal(const ArchiveEntry& one) {
    return refusal([&] { tree_->begin(one); });
  }
  std::string at(const std::string& name) { return temp_ / ("into/" + name); }
  TreeEntry amended(const std::string& path) {
    TreeEntry out;
    tree_->amend(path.empty() ? SafePath{} : SafePath::parse(path), out);
    return out;
  }

  test::TempFolder temp_;
  PosixFileSystem fs_;
  Fd into_;
  std::optional<UnpackedTree> tree_;
};

TEST_F(Unpacked, NamesThatLeadOutAreRefusedByEntry) {
  file("good", "x");
  for (const std::string name : {"../evil", "a/../../evil", "..", "/etc/evil", "/", "a/.."}) {
    EXPECT_THAT(refusal(entry(Type::file, name)), HasSubstr("archive a.tar: entry ")) << name;
  }
  EXPECT_THAT(refusal(entry(Type::file, std::string("a\0b", 3))), HasSubstr("a\\x00b"));
  EXPECT_THAT(refusal(entry(Type::file, std::string(256, 'n'))), HasSubstr("entry"));
  EXPECT_THAT(refusal(entry(Type::file, "")), HasSubstr("has no name"));
  EXPECT_THAT(refusal(entry(Type::symlink, ".", "x")), HasSubstr("has no name"));
  tree_->finish();
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temp_ / "into"), {}), 1);
}

TEST_F(Unpacked, NothingPassesThroughALinkOrAFile) {
  std::filesystem::create_directory(temp_ / "outside");
  tree_->begin(entry(Type::symlink, "way", temp_ / "outside"));
  EXPECT_THAT(refusal(entry(Type::file, "way/evil")), HasSubstr("passes through"));
  EXPECT_THAT(refusal(entry(Type::folder, "way/evil")), HasSubstr("passes through"));
  EXPECT_THAT(refusal(entry(Type::symlink, "way/evil", "x")), HasSubstr("passes through"));
  EXPECT_THAT(refusal(entry(Type::folder, "way")), HasSubstr("came before"));
  file("plain", "x");
  EXPECT_THAT(refusal(entry(Type::file, "plain/evil")), HasSubstr("passes through"));
  EXPECT_TRUE(std::filesystem::is_empty(temp_ / "outside"));
}

TEST_F(Unpacked, OnlyFoldersMayBeNamedTwice) {
  tree_->begin(entry(Type::folder, "dir"));
  ArchiveEntry again = entry(Type::folder, "./dir/");
  again.mode = 0700;
  tree_->begin(again);
  EXPECT_EQ(amended("dir").mode, 0700);
  file("dir/file", "x");
  for (const Type type : {Type::file, Type::symlink, Type::folder}) {
    EXPECT_THAT(refusal(entry(type, "dir/file", "t")), HasSubstr("came before")) << int(type);
  }
  EXPECT_THAT(refusal(entry(Type::file, "dir")), HasSubstr("came before"));
}

TEST_F(Unpacked, AHardLinkLeadsToAFileBeforeItAndNowhereElse) {
  file("dir/first", "content");
  tree_->begin(entry(Type::hardlink, "second", "./dir/first"));
  EXPECT_EQ(std::filesystem::hard_link_count(at("second")), 2u);
  tree_->begin(entry(Type::symlink, "way", "/etc"));
  for (const std::string target :
       {"/etc/passwd", "../x", "way/passwd", "later", "dir", "way", ""}) {
    EXPECT_THAT(refusal(entry(Type::hardlink, "link", target)), HasSubstr("entry")) << target;
  }
  EXPECT_THAT(refusal([&] {
                tree_->begin(entry(Type::hardlink, "third", "second"));
                tree_->content({0, as_bytes("other content")});
              }),
              HasSubstr("has content, and is no file"));
  EXPECT_EQ(to_string(test::read_whole(at("dir/first"))), "content");
}

TEST_F(Unpacked, AFileHasTheSizeItSaysAndNoContentTwice) {
  EXPECT_THAT(refusal([&] { file("long", "1234", 3); }),
              HasSubstr("more content than the 3 bytes"));
  limit({});
  EXPECT_THAT(refusal([&] {
                file("short", "12", 3);
                tree_->begin(entry(Type::file, "next"));
              }),
              HasSubstr("entry 1, short: has 2 bytes of the 3"));
  limit({});
  EXPECT_THAT(refusal([&] {
                file("twice", "1234");
                tree_->content({2, as_bytes("xx")});
              }),
              HasSubstr("overlaps"));
}

TEST_F(Unpacked, HolesAndZerosTakeNoRoom) {
  ArchiveEntry sparse = entry(Type::file, "sparse");
  sparse.size = 50'000'000;
  tree_->begin(sparse);
  tree_->content({0, Bytes(200'000)});
  tree_->content({30'000'000, as_bytes("data")});
  tree_->content({50'000'000, {}});
  tree_->finish();
  struct stat status {};
  ASSERT_EQ(::stat(at("sparse").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 50'000'000);
  EXPECT_LT(status.st_blocks, 100);
  EXPECT_EQ(tree_->bytes(), 50'000'000u);
}

TEST_F(Unpacked, GrowsNoFurtherThanItsLimits) {
  limit({.max_bytes = 10});
  file("a", "123456");
  const Error bomb = error_of([&] { file("b", "123456"); });
  EXPECT_EQ(bomb.code(), ErrorCode::not_allowed);
  EXPECT_EQ(bomb.hint(), "if you trust it to be so large: --max-unpacked SIZE");
  ArchiveEntry hole = entry(Type::file, "hole");
  tree_->begin(hole);
  EXPECT_EQ(error_of([&] {
              tree_->content({1u << 30, as_bytes("x")});
            }).code(),
            ErrorCode::not_allowed);
  limit({.max_entries = 2});
  tree_->begin(entry(Type::folder, "x"));
  tree_->begin(entry(Type::folder, "y"));
  EXPECT_EQ(error_of([&] { tree_->begin(entry(Type::folder, "z")); }).code(),
            ErrorCode::not_allowed);
  EXPECT_EQ(default_unpack_limit(0), 1u << 30);
  EXPECT_GT(default_unpack_limit(UINT64_MAX), UINT64_MAX / 3);
}

TEST_F(Unpacked, KeepsModesAndTimesThatWouldBeInTheWayAside) {
  ArchiveEntry closed = entry(Type::folder, "closed");
  closed.mode = 0;
  tree_->begin(closed);
  ArchiveEntry secret = entry(Type::file, "closed/secret");
  secret.mode = 0;
  secret.mtime = ArchiveEntry::Time{9'000, 5};
  tree_->begin(secret);
  tree_->begin(entry(Type::hardlink, "another", "closed/secret"));
  ArchiveEntry timeless = entry(Type::file, "on the way/timeless");
  timeless.mtime.reset();
  tree_->begin(timeless);
  tree_->finish();
  struct stat status {};
  ASSERT_EQ(::stat(at("closed/secret").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0400u);
  EXPECT_EQ(status.st_mtim.tv_sec, 9'000);
  EXPECT_EQ(amended("closed").mode, 0);
  EXPECT_EQ(amended("closed").mtime, 1'000);
  EXPECT_EQ(amended("another").mode, 0);
  EXPECT_EQ(amended("on the way").mode, 0755);
  for (const std::string path : {"", "on the way", "on the way/timeless"}) {
    EXPECT_EQ(amended(path).mtime, 9'000) << path;
    EXPECT_EQ(amended(path).mtime_ns, 5u) << path;
  }
}

TEST_F(Unpacked, WhatIsNotSureIsNamedAndLeftOutOnlyWhenAsked) {
  const auto tell = [&] {
    ArchiveEntry unsure = entry(Type::file, "unsure");
    unsure.remark = "name is \x1b[31m odd";
    tree_->begin(unsure);
    tree_->content({0, as_bytes("ignored")});
    file("broken", "half");
    tree_->broken("bad checksum");
    tree_->begin(entry(Type::hardlink, "link", "broken"));
    ArchiveEntry pipe = entry(Type::other, "pipe");
    pipe.remark = "fifo";
    tree_->begin(pipe);
    file("good", "x");
  };
  tell();
  EXPECT_THAT(refusal([&] { tree_->finish(); }),
              HasSubstr("archive a.tar: 3 of its entries cannot be read: unsure (entry 1: name is "
                        "\\x1b[31m odd), broken (entry 2: bad checksum), link (entry 3: "));
  std::filesystem::remove(at("good"));
  limit({.skip_unreadable = true});
  tell();
  tree_->finish();
  EXPECT_EQ(tree_->findings().odd.at(0).what, "entry 4: fifo");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temp_ / "into"), {}), 1);
}

TEST_F(Unpacked, AFullDiskIsSaidAsSuch) {
  test::FaultyFileSystem full(fs_);
  full.fill_after(3);
  tree_.emplace(full, into_, "a.tar", UnpackOptions{});
  EXPECT_EQ(error_of([&] { file("file", "content"); }).code(), ErrorCode::no_space);
}

TEST_F(Unpacked, WithoutAnEntryIsNoTree) {
  EXPECT_THAT(refusal([&] { tree_->finish(); }), HasSubstr("holds no entry"));
}

}  // namespace
}  // namespace courier
