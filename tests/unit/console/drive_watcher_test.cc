#include "console/drive_watcher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/file_system.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

using test::TempFolder;
using test::write_text;

class WatchedFolder : public testing::Test {
 protected:
  // How it is told once this holds; nullopt: it is not there.
  template <typename Holds>
  std::optional<PresentDrive> once(const TempFolder& folder, Holds holds) {
    for (;;) {
      const auto it = std::ranges::find(told_, folder.path(), &PresentDrive::source);
      const std::optional<PresentDrive> now = it == told_.end() ? std::nullopt : std::optional(*it);
      if (holds(now)) return now;
      loop_.turn(std::chrono::seconds(1));
    }
  }
  PresentDrive shown(const TempFolder& folder) {
    return *once(folder, [](const auto& now) { return now.has_value(); });
  }
  PresentDrive changed(const TempFolder& folder, const PresentDrive& before) {
    return *once(folder, [&](const auto& now) { return now && *now != before; });
  }

  TempFolder folder_, other_;
  PosixFileSystem fs_;
  EventLoop loop_;
  std::vector<PresentDrive> told_;
  DriveWatcher watcher_{loop_,
                        fs_,
                        {"", {folder_.path(), other_.path()}, "PSE-", false},
                        [this](const auto& present) { told_ = present; }};
};

TEST_F(WatchedFolder, TellsWhenOtherContentComesWhileItStaysIn) {
  write_text(folder_ / "PUN-PSE-000001.pcl", "one");
  const PresentDrive first = shown(folder_);
  write_text(folder_ / "PUN-PSE-000002.pcl", "two");
  const PresentDrive second = changed(folder_, first);
  EXPECT_EQ(second.key, first.key);
  EXPECT_NE(second.changes, first.changes);
  // Another in the place of one, of the same size.
  write_text(other_ / "next", "TWO");
  std::filesystem::rename(other_ / "next", folder_ / "PUN-PSE-000002.pcl");
  const PresentDrive third = changed(folder_, second);
  EXPECT_EQ(third.key, first.key);
  EXPECT_NE(third.changes, second.changes);
}

TEST_F(WatchedFolder, DoesNotTellOfWhatTheSiteItselfWrites) {
  write_text(folder_ / "PUN-PSE-000001.pcl", "one");
  const PresentDrive first = shown(folder_);
  write_text(folder_ / "PSE-PUN-000001.pcl", "a return");
  write_text(folder_ / ".tmp-1", "half of one");
  // What came later is told: that was looked at, too.
  write_text(other_ / "PUN-PSE-000002.pcl", "two");
  shown(other_);
  EXPECT_EQ(shown(folder_), first);
}

TEST_F(WatchedFolder, ThatWasEmptiedIsPutInAgain) {
  write_text(folder_ / "PUN-PSE-000001.pcl", "one");
  const PresentDrive first = shown(folder_);
  std::filesystem::remove(folder_ / "PUN-PSE-000001.pcl");
  once(folder_, [](const auto& now) { return !now; });
  write_text(folder_ / "PUN-PSE-000001.pcl", "one");
  EXPECT_NE(shown(folder_).key, first.key);
}

}  // namespace
}  // namespace courier
