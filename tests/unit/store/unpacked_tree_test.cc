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
  for (const std::string target : {"/etc/passwd", "../x", "way/passwd", "later", "dir", ""}) {
    EXPECT_THAT(refusal(entry(Type::hardlink, "link", target)), HasSubstr("entry")) << target;
  }
  EXPECT_THAT(refusal([&] {
                tree_->begin(entry(Type::hardlink, "third", "second"));
                tree_->content({0, as_bytes("other content")});
              }),
              HasSubstr("has content, and is no file"));
  EXPECT_EQ(to_string(test::read_whole(at("dir/first"))), "content");
}

TEST_F(Unpacked, ASymbolicLinkMayHaveASecondNameAndIsNotFollowed) {
  ArchiveEntry timeless = entry(Type::symlink, "link", "nowhere");
  timeless.mtime.reset();
  file("late", "x");
  tree_->begin(timeless);
  tree_->begin(entry(Type::hardlink, "dir/again", "link"));
  tree_->finish();
  EXPECT_EQ(std::filesystem::read_symlink(at("dir/again")), "nowhere");
  EXPECT_EQ(amended("link").mtime, 1'000);
  EXPECT_EQ(amended("dir/again").mtime, 1'000);
}

TEST_F(Unpacked, WhatIsLeftOutHasItsNameAsWell) {
  limit({.skip_unreadable = true});
  ArchiveEntry pipe = entry(Type::other, "pipe"), unsure = entry(Type::file, "unsure");
  ArchiveEntry folder = entry(Type::folder, "folder");
  pipe.remark = unsure.remark = folder.remark = "odd";
  tree_->begin(pipe);
  tree_->begin(unsure);
  tree_->begin(folder);
  file("good", "x");
  for (const std::string name : {"pipe", "unsure"}) {
    for (const Type type : {Type::file, Type::folder, Type::symlink, Type::hardlink, Type::other}) {
      EXPECT_THAT(refusal(entry(type, name, "good")), HasSubstr("came before")) << name;
    }
    EXPECT_THAT(refusal(entry(Type::file, name + "/x")), HasSubstr("passes through")) << name;
  }
  EXPECT_THAT(refusal(entry(Type::file, "folder")), HasSubstr("came before"));
  tree_->begin(entry(Type::folder, "folder"));
  for (ArchiveEntry one : {pipe, unsure, folder, entry(Type::hardlink, "", "pipe")}) {
    one.name = "good";
    EXPECT_THAT(refusal(one), HasSubstr("came before")) << int(one.type);
  }
  EXPECT_EQ(to_string(test::read_whole(at("good"))), "x");
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
  limit({.room = 10});
  file("c", "123456");
  tree_->content({6, Bytes(1'000)});  // a hole
  const Error full = error_of([&] { tree_->content({2'000, as_bytes("123456")}); });
  EXPECT_EQ(full.code(), ErrorCode::no_space);
  EXPECT_THAT(full.what(), HasSubstr("beyond the 10 bytes that are free"));
  limit({.max_entries = 2});
  tree_->begin(entry(Type::folder, "x"));
  tree_->begin(entry(Type::folder, "y"));
  EXPECT_EQ(error_of([&] { tree_->begin(entry(Type::folder, "z")); }).code(),
            ErrorCode::not_allowed);
  EXPECT_EQ(default_unpack_limit(0), 1u << 30);
  EXPECT_GT(default_unpack_limit(UINT64_MAX), UINT64_MAX / 3);
}

TEST_F(Unpacked, RemembersNoMoreThanItsLimitWhateverCostsNothingOnDisk) {
  using Tell = std::function<void(ArchiveEntry&)>;
  const std::string deep(200, 'd');
  const std::vector<Tell> told = {[](ArchiveEntry& one) { one.type = Type::other; },
                                  [](ArchiveEntry& one) { one.remark = "odd"; },
                                  [](ArchiveEntry& one) { one.type = Type::folder; },
                                  [](ArchiveEntry& one) { one.mtime.reset(); },
                                  [](ArchiveEntry& one) { one.mode = 0; },
                                  [&](ArchiveEntry& one) { one.name += "/" + deep + "/x"; }};
  for (std::size_t i = 0; i < told.size(); ++i) {
    limit({.skip_unreadable = true, .max_noted = 100'000});
    const Error error = error_of([&] {
      for (int n = 0; n < 1'000; ++n) {
        ArchiveEntry one = entry(Type::file, std::to_string(i) + "-" + std::to_string(n));
        told[i](one);
        tree_->begin(one);
      }
    });
    EXPECT_EQ(error.code(), ErrorCode::not_allowed) << i;
    EXPECT_THAT(error.what(), HasSubstr("beyond the limit of 100 kB")) << i;
    EXPECT_GT(tree_->entries(), 100u) << i;
  }
  // A folder that comes again is no more to remember, and neither is what lies in the folder.
  limit({.max_noted = 200});
  for (int n = 0; n < 1'000; ++n) {
    tree_->begin(entry(Type::folder, "again"));
    file("again/" + std::to_string(n), "x");
  }
  tree_->finish();
}

TEST_F(Unpacked, WhatIsLeftOutCountsForTheLimitAndIsToldOnce) {
  ArchiveEntry unsure = entry(Type::file, "unsure");
  unsure.remark = "odd";
  limit({.skip_unreadable = true, .max_bytes = 10});
  tree_->begin(unsure);
  tree_->content({0, as_bytes("123456")});
  EXPECT_EQ(error_of([&] {
              tree_->content({6, as_bytes("123456")});
            }).code(),
            ErrorCode::not_allowed);

  limit({.skip_unreadable = true});
  tree_->begin(unsure);
  tree_->content({0, {}});
  EXPECT_THAT(refusal([&] { tree_->content({0, {}}); }), HasSubstr("without content"));
  tree_->broken("bad checksum");
  EXPECT_EQ(tree_->findings().unreadable_count, 1u);
  EXPECT_THAT(refusal([&] { tree_->broken("again"); }), HasSubstr("does not have"));
  EXPECT_THAT(refusal([&] { tree_->content({0, as_bytes("x")}); }), HasSubstr("behind the fault"));

  ArchiveEntry timeless = entry(Type::file, "broken");
  timeless.mtime.reset();
  tree_->begin(timeless);
  tree_->content({0, {}});
  EXPECT_THAT(refusal([&] { tree_->content({0, {}}); }), HasSubstr("without content"));
  tree_->broken("bad checksum");
  EXPECT_EQ(tree_->findings().unreadable_count, 2u);
  EXPECT_THAT(refusal([&] { tree_->broken("again"); }), HasSubstr("does not have"));
  EXPECT_THAT(refusal([&] { tree_->content({0, as_bytes("x")}); }), HasSubstr("behind the fault"));

  tree_->begin(entry(Type::folder, "folder"));
  EXPECT_THAT(refusal([&] { tree_->broken("no file"); }), HasSubstr("does not have"));
  EXPECT_THAT(refusal([&] { tree_->content({0, {}}); }), HasSubstr("is no file"));
  tree_->finish();
  EXPECT_EQ(amended("broken").mtime, 0);  // forgotten
}

TEST_F(Unpacked, AttributesThatCannotBeHeldAreNamedAndTheFileIsTaken) {
  ArchiveEntry one = entry(Type::file, "few");
  one.xattrs = {{"user.a", {1}}};
  test::FaultyFileSystem small(fs_);
  small.fail_only({"set_xattr"});
  small.fail_at(1, ENOSPC);  // as ext4 says when one block does not hold them
  tree_.emplace(small, into_, "a.tar", UnpackOptions{});
  tree_->begin(one);
  tree_->content({0, as_bytes("x")});
  ArchiveEntry large = entry(Type::file, "large"), many = entry(Type::file, "many");
  large.xattrs = {{"user.a", Bytes(kMaxXattrBytes)}};
  for (std::size_t i = 0; i <= kMaxXattrs; ++i) {
    many.xattrs.emplace_back("user." + std::to_string(i), Bytes{});
  }
  tree_->begin(large);
  tree_->begin(many);
  tree_->finish();
  ASSERT_EQ(tree_->findings().odd_count, 3u);
  for (const Named& odd : tree_->findings().odd) {
    EXPECT_THAT(odd.what, HasSubstr("its extended attributes are left out: ")) << odd.path;
    EXPECT_TRUE(std::filesystem::exists(at(odd.path)));
  }
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
