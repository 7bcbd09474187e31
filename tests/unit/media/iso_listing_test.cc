#include "media/iso_listing.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "media/xorriso.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_files.h"
#include "tests/unit/media/iso_bench.h"

namespace courier {
namespace {

using test::error_of;
using test::read_text;

class IsoListingTest : public testing::Test {
 protected:
  void make(const std::map<std::string, std::string>& files) {
    test::write_files(folder_ / "source", files);
    test::make_iso(folder_ / "source", image_);
  }
  IsoListing listing() { return test::listing_of(fs_, image_); }
  std::vector<std::string> paths() {
    std::vector<std::string> out;
    for (const IsoFile& file : listing().files) out.push_back(file.path);
    return out;
  }
  std::string content(const IsoFile& file) {
    Bytes bytes(file.size);
    const VolumeBytes image = bytes_of_file(fs_, fs_.open(image_, O_RDONLY, 0));
    bytes.resize(iso_file_bytes(image, file).read_at(0, bytes));
    return to_string(bytes);
  }
  void patch(std::uint64_t offset, std::string_view bytes) {
    const Fd fd = posix_.open(image_, O_RDWR, 0);
    posix_.pwrite(fd, as_bytes(bytes), offset);
  }
  // Where the record of a folder or file is, by its ISO 9660 name.
  std::uint64_t record_of(const std::string& name) {
    const std::size_t at = read_text(image_).find(name);
    EXPECT_NE(at, std::string::npos);
    return at - 33;
  }

  test::TempFolder folder_;
  const std::string image_ = folder_ / "x.iso";
  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
};

TEST_F(IsoListingTest, ListsFilesByTheirTrueNamesFourFoldersDeep) {
  make({{"PUN-PSE-000012.v2.pcl", "one"},
        {"a/b/c/d/deep", "two"},
        {"a/b/c/d/e/too deep", "three"},
        {"Återställning.bin", std::string(5000, 'x')},
        {"._hidden", "no"},
        {".Trashes/old", "no"},
        {"empty", ""}});
  EXPECT_EQ(paths(), (std::vector<std::string>{"PUN-PSE-000012.v2.pcl", "a/b/c/d/deep", "empty",
                                               "Återställning.bin"}));
  const IsoListing found = listing();
  EXPECT_EQ(found.label, "TEST");
  EXPECT_TRUE(found.unreadable.empty());
  EXPECT_LE(found.size, std::filesystem::file_size(image_));
  EXPECT_EQ(content(found.files[0]), "one");
  EXPECT_EQ(content(found.files[1]), "two");
  EXPECT_EQ(content(found.files[2]), "");
  EXPECT_EQ(content(found.files[3]), std::string(5000, 'x'));
}

TEST_F(IsoListingTest, ReadsAFileOfMoreThanFourGibibytesFromItsPieces) {
  const std::uint64_t size = (4ull << 30) + 1;
  // The image as xorriso lays it out, with a hole for what is in the middle.
  const VolumeBytes volume{size, [](std::uint64_t offset, MutableByteView out) {
                             std::fill(out.begin(), out.end(), std::uint8_t(offset == 0));
                             return out.size();
                           }};
  const VolumeBytes image = Xorriso().image(volume, "large.pcl").bytes;
  const Fd fd = fs_.open(image_, O_RDWR | O_CREAT);
  Bytes head(100'000);
  fs_.pwrite(fd, ByteView(head).first(image.read_at(0, head)), 0);
  fs_.truncate(fd, image.size);
  const IsoListing found = listing();
  ASSERT_EQ(found.files.size(), 1u);
  EXPECT_EQ(found.files[0].size, size);
  EXPECT_EQ(found.files[0].extents.size(), 2u);
  // Its last byte, and one on either side of the seam.
  const IsoExtent first = found.files[0].extents[0], second = found.files[0].extents[1];
  fs_.pwrite(fd, as_bytes("L"), second.offset + second.size - 1);
  fs_.pwrite(fd, as_bytes("A"), first.offset + first.size - 1);
  fs_.pwrite(fd, as_bytes("B"), second.offset);
  const VolumeBytes file =
      iso_file_bytes(bytes_of_file(fs_, fs_.open(image_, O_RDONLY)), found.files[0]);
  Bytes around(2), last(10);
  EXPECT_EQ(file.read_at(first.size - 1, around), 2u);
  EXPECT_EQ(as_text(around), "AB");
  EXPECT_EQ(file.read_at(size - 1, last), 1u);
  EXPECT_EQ(last[0], 'L');
  EXPECT_EQ(file.read_at(size, last), 0u);
}

TEST_F(IsoListingTest, EndsWhereFoldersContainThemselves) {
  make({{"LOOP/file", "x"}, {"other", "y"}});
  // The folder's extent becomes that of the root.
  const std::string bytes = read_text(image_);
  patch(record_of("LOOP") + 2, bytes.substr(16 * 2048 + 156 + 2, 8));
  EXPECT_EQ(paths(), (std::vector<std::string>{"other"}));
}

TEST_F(IsoListingTest, NamesAFolderThatSaysNonsenseAndListsTheOthers) {
  make({{"BAD/file", "x"}, {"good/file", "y"}});
  patch(record_of("BAD") + 2, std::string("\xf0\xff\xff\xff", 4));
  EXPECT_EQ(paths(), (std::vector<std::string>{"good/file"}));
  const IsoListing found = listing();
  ASSERT_EQ(found.unreadable.size(), 1u);
  EXPECT_EQ(found.unreadable[0].code(), ErrorCode::damaged);
  EXPECT_NE(std::string(found.unreadable[0].what()).find("x.iso/BAD"), std::string::npos)
      << found.unreadable[0].what();
}

TEST_F(IsoListingTest, TakesNoFolderOfSixteenTebibytes) {
  make({{"BAD/file", "x"}});
  patch(record_of("BAD") + 10, std::string("\xff\xff\xff\xff", 4));
  EXPECT_TRUE(paths().empty());
  EXPECT_EQ(listing().unreadable.size(), 1u);
}

TEST_F(IsoListingTest, TellsAFileThatGoesBeyondTheImageByItsShortContent) {
  make({{"file", std::string(4000, 'x')}, {"other", "y"}});
  const IsoListing found = listing();
  std::filesystem::resize_file(image_, found.files[0].extents[0].offset + 1000);
  EXPECT_EQ(content(found.files[0]).size(), 1000u);
}

TEST_F(IsoListingTest, ReadsTheSessionThatItIsToldAndTheLastOneOfAGrownImage) {
  for (const std::string name : {"one", "two"}) {
    test::write_text(folder_ / name, name);
    const std::string command = "xorriso -report_about WARNING -dev 'stdio:" + image_ + "' -map '" +
                                (folder_ / name) + "' /" + name + " -commit 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  // What xorriso grows has the newest folders' address at its beginning, too.
  EXPECT_EQ(paths(), (std::vector<std::string>{"one", "two"}));
  const std::string image = read_text(image_);
  std::vector<std::uint64_t> sessions;
  for (std::uint64_t at = 17 * kIsoSector; at < image.size(); at += kIsoSector) {
    if (image.compare(at, 6,
                      "\x01"
                      "CD001") == 0)
      sessions.push_back(at - 16 * kIsoSector);
  }
  ASSERT_EQ(sessions.size(), 2u);
  const VolumeBytes bytes = bytes_of_file(fs_, fs_.open(image_, O_RDONLY, 0));
  EXPECT_EQ(list_iso(bytes, "x", sessions[0]).files.size(), 1u);
  const IsoListing last = list_iso(bytes, "x", sessions[1]);
  ASSERT_EQ(last.files.size(), 2u);
  EXPECT_EQ(content(last.files[0]), "one");
  EXPECT_EQ(content(last.files[1]), "two");
}

TEST_F(IsoListingTest, SaysWhenThereIsNoSuchFileSystem) {
  test::write_text(image_, std::string(100'000, 'x'));
  const Error error = error_of([&] { listing(); });
  EXPECT_EQ(error.exit_status(), 7);
  EXPECT_EQ(error.what(), image_ + ": has no ISO 9660 file system");
  test::write_text(image_, "");
  EXPECT_EQ(error_of([&] { listing(); }).exit_status(), 7);
}

}  // namespace
}  // namespace courier
