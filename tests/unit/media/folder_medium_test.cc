#include "media/folder_medium.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "base/durable.h"
#include "media/recovery.h"
#include "tests/support/damaged_bytes.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_parcels.h"

namespace courier {
namespace {

using test::error_of;
using test::FaultyFileSystem;
using test::parcel_like;
using test::read_text;

class FolderMediumTest : public testing::Test {
 protected:
  void put(const std::string& name, const Bytes& content) {
    std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
    test::write_text(folder_ / name, as_text(content));
  }
  std::vector<std::string> offered(const std::string& path) {
    std::vector<std::string> names;
    FolderMedium(fs_, path).scan([&](OfferedVolume&& volume) {
      names.push_back(std::filesystem::relative(volume.path, folder_.path()).string());
    });
    return names;
  }
  VolumeBytes source(const Bytes& content) { return source(fs_, content); }
  VolumeBytes source(FileSystem& fs, const Bytes& content) {
    test::write_text(outbox_ / "parcel", as_text(content));
    return bytes_of_file(fs, fs.open(outbox_ / "parcel", O_RDONLY));
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& entry : fs_.list(dir_)) out.push_back(entry.name);
    return out;
  }

  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
  test::TempFolder folder_, outbox_;
  Fd dir_ = open_dir(fs_, folder_.path());
};

TEST_F(FolderMediumTest, LooksIntoFoldersButNotIntoHiddenOnes) {
  const Bytes parcel = parcel_like(10);
  put("b.pcl", parcel);
  put("a/b/c/d/deep.pcl", parcel);
  put("a/b/c/d/e/too-deep.pcl", parcel);
  put("._b.pcl", parcel);
  put(".Trashes/old.pcl", parcel);
  put(".courier/staging/x.pcl", parcel);
  put(".tmp-00ff", parcel);
  put("photo.jpg", to_bytes(as_bytes("JFIF")));
  EXPECT_EQ(offered(folder_.path()), (std::vector<std::string>{"a/b/c/d/deep.pcl", "b.pcl"}));
}

TEST_F(FolderMediumTest, KnowsAVolumeWhoseBeginningIsGoneByTheRecoveryDataAtItsEnd) {
  const Bytes parcel = parcel_like(30'000);
  Bytes whole = test::all_of(with_recovery(fs_, test::volume_of(parcel), 10, outbox_.path(), {}));
  std::fill_n(whole.begin(), 1000, 0);
  put("gone.pcl", whole);
  put("no-recovery-data", Bytes(whole.begin(), whole.begin() + 30'000));
  put("longer", Bytes(whole.size() + 1));
  EXPECT_EQ(offered(folder_.path()), (std::vector<std::string>{"gone.pcl"}));

  test::FaultyFileSystem failing(posix_);
  failing.fail_reads("gone.pcl", 0, EIO);
  const ScanResult result = FolderMedium(failing, folder_.path()).scan([](OfferedVolume&&) {});
  EXPECT_EQ(result.unreadable.size(), 1u);  // nothing of it can be read
}

TEST_F(FolderMediumTest, OffersAParcelWhoseFirstTwoFramesAreDamaged) {
  Bytes parcel = parcel_like(10);
  parcel[0] ^= 1;                                        // the volume header's frame
  parcel[kFrameHeaderSize + kVolumeHeaderSize] ^= 0xff;  // the label's
  put("a.pcl", parcel);
  EXPECT_EQ(offered(folder_.path()), std::vector<std::string>{"a.pcl"});
}

TEST_F(FolderMediumTest, FollowsNoLinkAndWaitsForNoPipe) {
  const test::TempFolder outside;
  test::write_text(outside / "x.pcl", as_text(parcel_like(10)));
  fs_.symlink_at(dir_, "file.pcl", outside / "x.pcl");
  fs_.symlink_at(dir_, "folder", outside.path());
  fs_.symlink_at(dir_, "loop", ".");
  ASSERT_EQ(::mkfifo((folder_ / "pipe.pcl").c_str(), 0600), 0);
  EXPECT_TRUE(offered(folder_.path()).empty());
}

TEST_F(FolderMediumTest, TakesOneFileAsTheSource) {
  put("x/one.bin", parcel_like(10));
  put("x/other.pcl", parcel_like(10));
  EXPECT_EQ(offered(folder_ / "x/one.bin"), (std::vector<std::string>{"x/one.bin"}));
  put("text", to_bytes(as_bytes("no parcel at all")));
  const Error error = error_of([&] { offered(folder_ / "text"); });
  EXPECT_EQ(error.exit_status(), 4);
  EXPECT_EQ(error.what(), "file " + folder_ / "text" + ": is no parcel");
}

TEST_F(FolderMediumTest, RefusesWhatIsNoMedium) {
  const Error none = error_of([&] { open_medium(fs_, folder_ / "none"); });
  EXPECT_EQ(none.exit_status(), 7);
  EXPECT_EQ(none.what(), folder_ / "none" + ": cannot open it: no such file or directory");
  EXPECT_EQ(none.hint(), "mount the medium or make the folder, then run the same command");
  EXPECT_EQ(error_of([&] { open_medium(fs_, "/dev/null"); }).exit_status(), 2);
  put("file", {});
  EXPECT_EQ(error_of([&] {
              open_medium(fs_, folder_ / "file")->write_proved(source({}), "a", {});
            }).exit_status(),
            2);
}

TEST_F(FolderMediumTest, ReadsEachByteOfAParcelOnce) {
  put("a.pcl", parcel_like(300'000));
  FaultyFileSystem counting(fs_);
  Bytes buffer(4096);
  FolderMedium(counting, folder_.path()).scan([&](OfferedVolume&& volume) {
    while (volume.source(buffer) > 0) {
    }
  });
  EXPECT_EQ(counting.bytes_read(), std::filesystem::file_size(folder_ / "a.pcl"));
}

TEST_F(FolderMediumTest, RefusesANameThatLeavesTheFolder) {
  FolderMedium medium(fs_, folder_.path());
  EXPECT_THROW(medium.write_proved(source(parcel_like(1)), "../a.pcl", {}), Error);
  fs_.make_dir_at(dir_, "a.pcl", 0700);
  EXPECT_EQ(error_of([&] { medium.write_proved(source(parcel_like(1)), "a.pcl", {}); }).code(),
            ErrorCode::not_allowed);
}

TEST_F(FolderMediumTest, WritesNothingOntoALink) {
  const test::TempFolder outside;
  test::write_text(outside / "x", "keep");
  fs_.symlink_at(dir_, "a.pcl", outside / "x");
  FolderMedium medium(fs_, folder_.path());
  EXPECT_EQ(error_of([&] { medium.write_proved(source(parcel_like(1)), "a.pcl", {}); }).code(),
            ErrorCode::not_allowed);
  EXPECT_EQ(read_text(outside / "x"), "keep");
}

TEST_F(FolderMediumTest, SweepsWhatKilledCopiesLeftButNotWhatOthersWrite) {
  put(".tmp-dead", {1});
  put(".tmp-busy", {1});
  const Fd busy = fs_.open_at(dir_, ".tmp-busy", O_RDONLY);
  ASSERT_EQ(::flock(busy.get(), LOCK_EX | LOCK_NB), 0);
  FolderMedium(fs_, folder_.path()).write_proved(source(parcel_like(1)), "a.pcl", {});
  EXPECT_EQ(names(), (std::vector<std::string>{".tmp-busy", "a.pcl"}));
}

TEST_F(FolderMediumTest, FindsOutHowLargeAVolumeItCanTake) {
  FaultyFileSystem pretending(fs_);
  FolderMedium medium(pretending, folder_.path());
  pretending.pretend_space({100u << 20, 200u << 20});
  EXPECT_GT(medium.room(), 99u << 20);
  EXPECT_LT(medium.room(), 100u << 20);
  pretending.pretend_space({1000, 200u << 20});
  EXPECT_EQ(medium.room(), 0u);
  // A file system in user space that does not know how large it is.
  pretending.pretend_space({0, 0});
  EXPECT_GT(medium.room(), 1ull << 40);
  pretending.pretend_space({1000, 1000, true});
  EXPECT_EQ(error_of([&] { medium.room(); }).code(), ErrorCode::device);
  put("file", {});
  EXPECT_EQ(error_of([&] { open_medium(fs_, folder_ / "file")->room(); }).exit_status(), 2);
}

// Whatever call fails: the name is not there, or (after the rename) there with the whole content,
// and the same call again ends well.
TEST_F(FolderMediumTest, IsWholeOrAbsentAtEveryFailingCall) {
  const Bytes content = parcel_like(20'000);
  for (const auto& [fault, stays] :
       {std::pair(ENOSPC, false), std::pair(EIO, false), std::pair(ENODEV, true)}) {
    bool succeeded = false;
    for (std::uint64_t nth = 1; !succeeded; ++nth) {
      ASSERT_LT(nth, 200u);
      FaultyFileSystem faulty(fs_);
      FolderMedium medium(faulty, folder_.path());
      const VolumeBytes from = source(faulty, content);
      const std::uint64_t before = faulty.calls();
      faulty.fail_at(nth, fault, stays);
      try {
        medium.write_proved(from, "a.pcl", {});
        succeeded = faulty.calls() - before < nth;
      } catch (const Error& error) {
        EXPECT_EQ(error.exit_status(), fault == ENOSPC ? 6 : 11) << error.what();
      }
      if (fs_.stat_at(dir_, "a.pcl")) {
        EXPECT_EQ(read_text(folder_ / "a.pcl"), as_text(content));
      }
      FolderMedium(fs_, folder_.path()).write_proved(source(content), "a.pcl", {});
      EXPECT_EQ(names(), (std::vector<std::string>{"a.pcl"})) << nth;
      fs_.unlink_at(dir_, "a.pcl");
    }
  }
}

TEST_F(FolderMediumTest, SaysWhereTheReadBackDiffers) {
  FaultyFileSystem faulty(fs_);
  faulty.flip_on_read(folder_ / ".tmp-", (4u << 20) + 5);
  FolderMedium medium(faulty, folder_.path());
  const Bytes content = parcel_like(9'000'000);
  const Error error = error_of([&] { medium.write_proved(source(content), "a.pcl", {}); });
  EXPECT_EQ(error.what(), "medium " + folder_.path() +
                              ": gave back something else than was written to a.pcl, between bytes "
                              "4194304 and 8388608 of " +
                              std::to_string(content.size()));
  EXPECT_EQ(error.loss(), "nothing was lost: the bad copy was removed");
  EXPECT_TRUE(names().empty());
}

TEST_F(FolderMediumTest, NoticesASpoiltCopyThatLayThereAlready) {
  FolderMedium medium(fs_, folder_.path());
  Bytes content = parcel_like(9'000'000);
  medium.write_proved(source(content), "a.pcl", {});
  FaultyFileSystem faulty(fs_);
  faulty.flip_on_read(folder_ / "a.pcl", 8'999'999);
  EXPECT_EQ(error_of([&] {
              FolderMedium(faulty, folder_.path()).write_proved(source(content), "a.pcl", {});
            }).code(),
            ErrorCode::not_allowed);
}

TEST_F(FolderMediumTest, NoticesASourceThatShrinks) {
  FaultyFileSystem faulty(fs_);
  FolderMedium medium(faulty, folder_.path());
  const VolumeBytes from = source(parcel_like(9'000'000));
  const Error error = error_of([&] {
    medium.write_proved(from, "a.pcl", [&](const ProgressEvent& event) {
      if (event.done > 0) std::filesystem::resize_file(outbox_ / "parcel", 4'500'000);
    });
  });
  EXPECT_NE(std::string(error.what()).find("changed while it was read: it had 9000"),
            std::string::npos)
      << error.what();
  EXPECT_TRUE(names().empty());
}

TEST_F(FolderMediumTest, AcceptsAnEmptyFile) {
  const ProvedCopy copy = FolderMedium(fs_, folder_.path()).write_proved(source({}), "a", {});
  EXPECT_EQ(copy.size, 0u);
  EXPECT_EQ(read_text(folder_ / "a"), "");
}

TEST(ParcelFileName, IsTheParcelId) {
  EXPECT_EQ(parcel_file_name(ParcelId::parse("PUN-PSE-000012")), "PUN-PSE-000012.pcl");
  EXPECT_EQ(parcel_file_name(ParcelId::parse("PUN-PSE-000012"), 2), "PUN-PSE-000012.v2.pcl");
  EXPECT_EQ(parcel_disc_label(ParcelId::parse("PUN-PSE-000012")), "PUN_PSE_000012");
  EXPECT_EQ(parcel_disc_label(ParcelId::parse("PUN-PSE-000012"), 2), "PUN_PSE_000012_V2");
}

}  // namespace
}  // namespace courier
