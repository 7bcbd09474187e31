// The layer that forgets does forget, so that the sweeps mean something.
#include "tests/support/crash_file_system.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdio.h>

#include <filesystem>
#include <optional>

#include "tests/support/temp_folder.h"

namespace courier::test {
namespace {

class Forgetting : public ::testing::Test {
 protected:
  Forgetting() {
    std::filesystem::create_directories(folder_ / "root/home");
    std::filesystem::create_directories(folder_ / "attic");
    disk_.emplace(real_, folder_ / "root", folder_ / "attic");
    dir_ = real_.open(folder_ / "root/home", O_RDONLY | O_DIRECTORY, 0);
  }
  void make(const std::string& name, std::string_view content, bool synced) {
    const Fd file = disk_->open_at(dir_, name, O_RDWR | O_CREAT, 0600);
    disk_->write(file, as_bytes(content));
    if (synced) disk_->sync(file);
  }
  std::string read(const std::string& name) {
    const std::string path = folder_ / ("root/home/" + name);
    return std::filesystem::exists(path) ? read_text(path) : "absent";
  }

  TempFolder folder_{memory_folder()};
  PosixFileSystem real_;
  std::optional<CrashFileSystem> disk_;
  Fd dir_;
};

TEST_F(Forgetting, ANameWithoutASyncOfItsFolderIsGone) {
  make("a", "content", true);
  disk_->power_cut(Cut::forgets);
  EXPECT_EQ(read("a"), "absent");
}

TEST_F(Forgetting, ContentWithoutASyncIsGoneThoughItsNameIsThere) {
  make("a", "content", false);
  disk_->sync(dir_);
  disk_->power_cut(Cut::forgets);
  EXPECT_EQ(read("a"), "");
}

TEST_F(Forgetting, WhatWasSyncedStays) {
  make("a", "content", true);
  disk_->sync(dir_);
  EXPECT_EQ(disk_->unsynced(), 0u);
  disk_->power_cut(Cut::forgets);
  EXPECT_EQ(read("a"), "content");
}

TEST_F(Forgetting, AnOverwriteGoesBackToWhatWasSynced) {
  make("a", "old content", true);
  disk_->sync(dir_);
  {
    const Fd file = disk_->open_at(dir_, "a", O_RDWR);
    disk_->pwrite(file, as_bytes("new"), 0);
    disk_->truncate(file, 3);
  }
  EXPECT_EQ(read("a"), "new");
  disk_->power_cut(Cut::forgets);
  EXPECT_EQ(read("a"), "old content");
}

TEST_F(Forgetting, RenamesRemovalsAndExchangesAreUndone) {
  make("a", "a", true);
  make("b", "b", true);
  make("c", "c", true);
  disk_->sync(dir_);
  disk_->rename_at(dir_, "a", dir_, "b", 0);
  disk_->unlink_at(dir_, "c");
  EXPECT_EQ(read("b") + read("c"), "aabsent");
  disk_->power_cut(Cut::forgets);
  EXPECT_EQ(read("a") + read("b") + read("c"), "abc");
  disk_->rename_at(dir_, "a", dir_, "b", RENAME_EXCHANGE);
  disk_->power_cut(Cut::empties);  // names are kept
  EXPECT_EQ(read("a") + read("b"), "ba");
}

TEST_F(Forgetting, ASyncOfTheFileSystemCoversItsOwnFolderAlone) {
  std::filesystem::create_directories(folder_ / "root/share");
  make("a", "content", false);
  disk_->sync_file_system(real_.open(folder_ / "root/share", O_RDONLY | O_DIRECTORY, 0));
  EXPECT_GT(disk_->unsynced(), 0u);
  disk_->sync_file_system(dir_);
  disk_->power_cut(Cut::forgets);
  EXPECT_EQ(read("a"), "content");
}

}  // namespace
}  // namespace courier::test
