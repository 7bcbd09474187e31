#include "media/tape_medium.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <thread>

#include "media/simh_tape.h"
#include "media/tape_ring.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_parcels.h"
#include "tests/unit/media/raw_bench.h"

namespace courier {
namespace {

using test::error_of;
using test::FaultyFileSystem;
using test::in_memory;
using test::parcel_like;

class TapeTest : public testing::Test {
 protected:
  TapeMedium tape(FileSystem& fs) { return TapeMedium(std::make_unique<SimhTape>(fs, tape_)); }
  ProvedCopy write(FileSystem& fs, const Bytes& content, const std::string& name) {
    return tape(fs).write_proved(in_memory(content), name, {});
  }
  Bytes read_all(const ByteSource& source) {
    Bytes out, buffer(100'000);
    while (const std::size_t n = source(buffer)) {
      out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
    }
    return out;
  }
  std::vector<std::pair<std::string, Bytes>> offered() {
    std::vector<std::pair<std::string, Bytes>> out;
    TapeMedium medium = tape(fs_);
    medium.scan([&](OfferedVolume&& volume) {
      out.emplace_back(volume.path.substr(volume.path.rfind('/') + 1), read_all(volume.source));
    });
    return out;
  }
  // Records and filemarks of a tape, made by hand.
  void make(const std::vector<std::string>& records) {
    std::filesystem::remove(tape_);
    SimhTape drive(fs_, tape_);
    for (const std::string& record : records) {
      if (record.empty())
        drive.write_filemark();
      else
        drive.write_record(as_bytes(record));
    }
  }

  test::TempFolder folder_;
  const std::string tape_ = folder_ / "x.tap";
  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
};

TEST_F(TapeTest, HasRecordsOf256KiBBetweenItsMarks) {
  const Bytes content = parcel_like(600'000);
  // All of it waits in the ring before the tape moves.
  EXPECT_EQ(write(fs_, content, "PUN-PSE-000012.v2.pcl").underruns, 0u);
  SimhTape drive(fs_, tape_);
  Bytes buffer(1u << 20);
  std::vector<std::size_t> sizes;
  for (TapeRead read = drive.read_record(buffer); read.kind != TapeRead::Kind::end_of_data;
       read = drive.read_record(buffer)) {
    sizes.push_back(read.size);
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{4096, 262'144, 262'144, 262'144, 0, 4096, 0}));
  EXPECT_EQ(tape(fs_).identity().label, "PUN_PSE_000012_V2");
}

TEST_F(TapeTest, AddsVolumesBehindThoseThatAreThere) {
  const Bytes first = parcel_like(600'000, 1), second = parcel_like(10, 2),
              third = parcel_like(77, 3);
  write(fs_, first, "a.pcl");
  write(fs_, second, "b.pcl");
  write(fs_, third, "c.pcl");
  const auto found = offered();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0], (std::pair<std::string, Bytes>{"a.pcl", first}));
  EXPECT_EQ(found[2], (std::pair<std::string, Bytes>{"c.pcl", third}));
}

TEST_F(TapeTest, IsReadByTurnsFromWhereEachReaderWas) {
  const Bytes first = parcel_like(900'000, 1), second = parcel_like(900'000, 2);
  write(fs_, first, "a.pcl");
  write(fs_, second, "b.pcl");
  std::vector<OfferedVolume> volumes;
  {
    TapeMedium medium = tape(fs_);
    medium.scan([&](OfferedVolume&& volume) { volumes.push_back(std::move(volume)); });
  }
  Bytes one, other, buffer(50'000);
  for (bool more = true; more;) {
    more = false;
    for (auto& [volume, out] : {std::pair{&volumes[0], &one}, {&volumes[1], &other}}) {
      const std::size_t n = volume->source(buffer);
      out->insert(out->end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
      more = more || n > 0;
    }
  }
  EXPECT_EQ(one, first);
  EXPECT_EQ(other, second);
}

TEST_F(TapeTest, IsReadAndWrittenFromItsBeginningWhereverItStands) {
  const Bytes first = parcel_like(600'000, 1), second = parcel_like(10, 2);
  write(fs_, first, "a.pcl");
  auto in_the_middle = std::make_unique<SimhTape>(fs_, tape_);
  Bytes record(1u << 20);
  for (int i = 0; i < 3; ++i) in_the_middle->read_record(record);
  TapeMedium(std::move(in_the_middle)).write_proved(in_memory(second), "b.pcl", {});
  auto at_the_end = std::make_unique<SimhTape>(fs_, tape_);
  at_the_end->space_files(2);
  TapeMedium medium(std::move(at_the_end));
  std::vector<Bytes> found;
  medium.scan([&](OfferedVolume&& volume) { found.push_back(read_all(volume.source)); });
  EXPECT_EQ(found, (std::vector<Bytes>{first, second}));
}

TEST_F(TapeTest, WritesOverNoForeignTape) {
  make({std::string("VOL1ABCDEF") + std::string(70, ' '), "HDR1", "", "data"});
  const std::string before = test::read_text(tape_);
  const Error refused = error_of([&] { write(fs_, parcel_like(10), "a.pcl"); });
  EXPECT_EQ(refused.exit_status(), 9);
  EXPECT_NE(
      std::string(refused.what()).find("begins with a record of 80 bytes, 'VOL1ABCDEF      '"),
      std::string::npos)
      << refused.what();
  EXPECT_EQ(test::read_text(tape_), before);
  EXPECT_EQ(error_of([&] { offered(); }).exit_status(), 7);
}

TEST_F(TapeTest, EndsByItsOwnEndMarkAndNotByWhatIsBehindIt) {
  const Bytes content = parcel_like(10);
  write(fs_, content, "a.pcl");
  SimhTape drive(fs_, tape_);
  drive.space_files(2);
  drive.write_record(as_bytes("of an older use"));
  EXPECT_EQ(offered().size(), 1u);
}

TEST_F(TapeTest, TakesARecordOfZerosForTheEnd) {
  make({std::string(262'144, '\0')});
  EXPECT_TRUE(offered().empty());
  write(fs_, parcel_like(10), "a.pcl");
  EXPECT_EQ(offered().size(), 1u);
}

TEST_F(TapeTest, EndsInTheMiddleOfARecord) {
  const Bytes content = parcel_like(900'000);
  write(fs_, content, "a.pcl");
  write(fs_, parcel_like(10), "b.pcl");
  // Only the first volume, cut in its third record, and its filemark.
  std::string bytes = test::read_text(tape_);
  ASSERT_GT(bytes.size(), 900'000u);
  test::write_text(tape_, bytes.substr(0, 4104 + 2 * 262'152 + 1000));
  EXPECT_TRUE(offered().empty());  // it has no filemark: it was never finished
  TapeMedium(std::make_unique<SimhTape>(fs_, tape_)).write_proved(in_memory(content), "a.pcl", {});
  EXPECT_EQ(offered().at(0).second, content);
  // With a filemark a reader finds one record less, and says so by ending early.
  test::write_text(tape_, bytes.substr(0, 4104 + 2 * 262'152) + std::string(4, '\0'));
  EXPECT_EQ(offered().at(0).second.size(), 2 * 262'144u);
  // A record that its drive says is bad, or whose lengths differ.
  bytes[4104 + 262'152 + 3] = '\x80';
  test::write_text(tape_, bytes);
  const Error error = error_of([&] { offered(); });
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_NE(std::string(error.what()).find("reading at byte 262144 of tape:" + tape_ + "/a.pcl"),
            std::string::npos)
      << error.what();
}

TEST_F(TapeTest, SaysTheSizeOfVolumesWhenItEndsEarly) {
  write(fs_, parcel_like(10), "a.pcl");
  FaultyFileSystem faulty(fs_);
  faulty.fill_after(3'000'000);
  const Error error = error_of([&] { write(faulty, parcel_like(9'000'000), "b.pcl"); });
  EXPECT_EQ(error.exit_status(), 6);
  EXPECT_NE(std::string(error.what()).find("ends after 2.9 MB"), std::string::npos) << error.what();
  EXPECT_NE(std::string(error.what()).find("b.pcl: it holds volumes of 2825830 bytes"),
            std::string::npos)
      << error.what();
  // What was there is there, and the tape can be used.
  EXPECT_EQ(offered().size(), 1u);
  write(fs_, parcel_like(70), "b.pcl");
  EXPECT_EQ(offered().size(), 2u);
}

TEST_F(TapeTest, TellsItsEndsReadersWhenTheSourceFails) {
  VolumeBytes broken{1'000'000, [](std::uint64_t offset, MutableByteView out) -> std::size_t {
                       if (offset > 0) throw system_error(EIO, "outbox", "cannot read it");
                       std::fill(out.begin(), out.end(), std::uint8_t{1});
                       return 500'000;
                     }};
  TapeMedium medium = tape(fs_);
  EXPECT_EQ(error_of([&] { medium.write_proved(broken, "a.pcl", {}); }).exit_status(), 11);
  EXPECT_TRUE(offered().empty());
}

// Whatever call fails, what lay there is there, and the same call again ends well.
TEST_F(TapeTest, IsWholeOrAbsentAtEveryFailingCall) {
  const Bytes first = parcel_like(1000, 1), second = parcel_like(600'000, 2);
  write(fs_, first, "a.pcl");
  const std::string before = test::read_text(tape_);
  for (const auto& [fault, stays] : {std::pair(EIO, false), std::pair(ENODEV, true)}) {
    test::at_every_failing_call(
        fs_, fault, stays, [&](FileSystem& faulty) { write(faulty, second, "b.pcl"); },
        [](const Error& error) {
          EXPECT_TRUE(error.exit_status() == 11 || error.exit_status() == 9) << error.what();
        },
        [&] {
          const auto found = offered();
          ASSERT_GE(found.size(), 1u);
          EXPECT_EQ(found[0].second, first);
          write(fs_, second, "b.pcl");
          ASSERT_EQ(offered().size(), 2u);
          EXPECT_EQ(offered().at(1).second, second);
          test::write_text(tape_, before);
        });
  }
}

TEST(TapeRing, BeginsWhenNearlyFullAndCountsHowOftenItRanDry) {
  TapeRing ring(10, 8);
  std::thread producer([&] {
    for (std::uint8_t i = 0; i < 100; ++i) ring.push(Bytes{i});
    ring.close();
  });
  std::uint8_t next = 0;
  while (const auto record = ring.pop()) EXPECT_EQ(record->at(0), next++);
  producer.join();
  EXPECT_EQ(next, 100);

  TapeRing slow(4, 2);
  slow.push({1});
  slow.push({2});
  EXPECT_TRUE(slow.pop() && slow.pop());
  EXPECT_EQ(slow.underruns(), 0u);
  std::thread late([&] {
    while (slow.underruns() == 0) std::this_thread::yield();
    slow.push({3});
    slow.push({4});
    slow.close();
  });
  EXPECT_TRUE(slow.pop() && slow.pop());
  EXPECT_FALSE(slow.pop());
  late.join();
  EXPECT_EQ(slow.underruns(), 1u);
}

TEST(TapeRing, TakesTheEndForNoRunningDry) {
  TapeRing ring(4, 2);
  ring.push({1});
  ring.push({2});
  EXPECT_TRUE(ring.pop() && ring.pop());
  std::thread late([&] {
    while (ring.underruns() == 0) std::this_thread::yield();
    ring.close();
  });
  EXPECT_FALSE(ring.pop());
  late.join();
  EXPECT_EQ(ring.underruns(), 0u);
}

TEST(TapeRing, CarriesAnErrorToBothSides) {
  TapeRing ring(1, 1);
  ring.push({1});
  ring.fail(std::make_exception_ptr(Error(ErrorCode::device, "tape", "is gone")));
  EXPECT_THROW(ring.push({2}), Error);
  EXPECT_THROW(ring.pop(), Error);
}

}  // namespace
}  // namespace courier
