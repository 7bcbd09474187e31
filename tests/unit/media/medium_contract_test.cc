// What every medium does, run against each of them (media/medium.h, "Duties").
#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "base/durable.h"
#include "media/folder_medium.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_medium.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_parcels.h"
#include "tests/unit/media/iso_bench.h"
#include "tests/unit/media/medium_bench.h"
#include "tests/unit/media/raw_bench.h"
#include "tests/unit/media/tape_bench.h"

namespace courier {
namespace {

using test::error_of;
using test::MediumBench;
using test::parcel_like;

class FolderBench final : public MediumBench {
 public:
  Medium& medium() override { return medium_; }
  void put(const std::string& name, const Bytes& content) override {
    test::write_text(folder_ / name, as_text(content));
  }
  std::size_t files() override { return fs_.list(open_dir(fs_, folder_.path())).size(); }
  void set_full() override { fs_.pretend_space({1000, 1'000'000}); }
  void set_read_only() override { fs_.pretend_space({1'000'000'000, 1'000'000'000, true}); }
  void fail_reads_from(std::uint64_t byte) override {
    fs_.fail_reads(folder_.path(), byte, ENODEV);
  }
  void spoil_next_write() override { fs_.flip_on_read(folder_ / ".tmp-", 700); }

 private:
  test::TempFolder folder_;
  PosixFileSystem posix_;
  test::FaultyFileSystem fs_{posix_};
  FolderMedium medium_{fs_, folder_.path()};
};

class FakeBench final : public MediumBench {
 public:
  Medium& medium() override { return medium_; }
  void put(const std::string& name, const Bytes& content) override { medium_.put(name, content); }
  std::size_t files() override { return medium_.files().size(); }
  void set_full() override { medium_.set_capacity(1000); }
  void set_read_only() override { medium_.set_read_only(); }
  void fail_reads_from(std::uint64_t byte) override { medium_.fail_reads_from(byte); }
  void spoil_next_write() override { medium_.spoil_next_write(); }

 private:
  test::FakeMedium medium_;
};

struct Kind {
  std::string name;
  std::unique_ptr<MediumBench> (*make)();

  friend std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }
};

class MediumContract : public testing::TestWithParam<Kind> {
 protected:
  // A file with these bytes, as the outbox has it.
  VolumeBytes file(const Bytes& content) {
    test::write_text(outbox_ / "parcel", as_text(content));
    FileSystem& fs = fs_;
    return bytes_of_file(fs, fs.open(outbox_ / "parcel", O_RDONLY));
  }
  Bytes read_all(const ByteSource& source, std::size_t step) {
    Bytes out, buffer(step);
    while (const std::size_t n = source(buffer)) {
      out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
    }
    EXPECT_EQ(source(buffer), 0u);
    return out;
  }

  test::TempFolder outbox_;
  PosixFileSystem fs_;
  std::unique_ptr<MediumBench> bench_ = GetParam().make();
  Medium& medium_ = bench_->medium();
};

TEST_P(MediumContract, OffersWhatBeginsLikeAParcelWhateverItsName) {
  const Bytes first = parcel_like(100'000, 1), second = parcel_like(10, 2);
  bench_->put("holiday.jpg", first);
  bench_->put("PUN-PSE-000001.pcl", to_bytes(as_bytes("just a text with a fine name")));
  bench_->put("zz", second);
  bench_->put("empty.pcl", {});
  std::vector<OfferedVolume> offered;
  const ScanResult result =
      medium_.scan([&](OfferedVolume&& volume) { offered.push_back(std::move(volume)); });
  EXPECT_EQ(result.found, 2u);
  EXPECT_TRUE(result.unreadable.empty());
  ASSERT_EQ(offered.size(), 2u);
  EXPECT_TRUE(offered[0].path.ends_with("holiday.jpg")) << offered[0].path;
  EXPECT_EQ(offered[0].size, first.size());
  // Read after the scan, in steps of any size, each byte once.
  EXPECT_EQ(read_all(offered[1].source, 7), second);
  EXPECT_EQ(read_all(offered[0].source, 5000), first);
}

TEST_P(MediumContract, WritesAFileThatIsOfferedAgain) {
  const Bytes content = parcel_like(9'000'000);
  std::vector<std::string> phases;
  const ProvedCopy copy =
      medium_.write_proved(file(content), "PUN-PSE-000012.pcl", [&](const ProgressEvent& event) {
        if (phases.empty() || phases.back() != event.phase) phases.push_back(event.phase);
        EXPECT_LE(event.done, event.total);
      });
  EXPECT_EQ(copy.size, content.size());
  EXPECT_EQ(copy.digest, digest_of(DigestKind::file, content));
  EXPECT_FALSE(copy.was_there);
  EXPECT_TRUE(copy.path.ends_with("PUN-PSE-000012.pcl"));
  EXPECT_FALSE(copy.medium.kind.empty());
  EXPECT_EQ(phases.front(), "writing");
  EXPECT_EQ(phases.back(), "verifying");
  EXPECT_EQ(bench_->files(), 1u);
  medium_.scan([&](OfferedVolume&& v) { EXPECT_EQ(read_all(v.source, 1 << 20), content); });
}

TEST_P(MediumContract, ProvesAnIdenticalFileAgainAndKeepsAnyOther) {
  const Bytes content = parcel_like(5000);
  medium_.write_proved(file(content), "a.pcl", {});
  EXPECT_TRUE(medium_.write_proved(file(content), "a.pcl", {}).was_there);
  for (const Bytes& other : {parcel_like(5000, 9), parcel_like(5001), parcel_like(4999)}) {
    const Error error = error_of([&] { medium_.write_proved(file(other), "a.pcl", {}); });
    EXPECT_EQ(error.code(), ErrorCode::not_allowed);
    EXPECT_EQ(error.exit_status(), 9);
    EXPECT_EQ(error.happened(), "exists already with other content");
  }
  EXPECT_EQ(bench_->files(), 1u);
  medium_.scan([&](OfferedVolume&& v) { EXPECT_EQ(read_all(v.source, 4096), content); });
}

TEST_P(MediumContract, SaysNeededAndFreeBytesBeforeItWrites) {
  bench_->set_full();
  const Bytes content = parcel_like(5000);
  const Error error = error_of([&] { medium_.write_proved(file(content), "a.pcl", {}); });
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  const std::string text = error.what();
  EXPECT_NE(text.find(std::to_string(content.size())), std::string::npos) << text;
  EXPECT_NE(text.find("needed"), std::string::npos) << text;
  EXPECT_NE(text.find("1000"), std::string::npos) << text;
  EXPECT_EQ(bench_->files(), 0u);
}

TEST_P(MediumContract, SaysThatItIsReadOnly) {
  bench_->set_read_only();
  const Error error = error_of([&] { medium_.write_proved(file(parcel_like(50)), "a.pcl", {}); });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_EQ(error.happened(), "is read-only: nothing can be written to it");
  EXPECT_FALSE(error.hint().empty());
  EXPECT_EQ(bench_->files(), 0u);
}

TEST_P(MediumContract, KeepsNoCopyThatReadsBackDifferently) {
  bench_->spoil_next_write();
  const Error error = error_of([&] { medium_.write_proved(file(parcel_like(5000)), "a.pcl", {}); });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_NE(std::string(error.what()).find("gave back something else than was written"),
            std::string::npos);
  EXPECT_EQ(bench_->files(), 0u);
}

TEST_P(MediumContract, SaysAtWhichByteItWasPulledOut) {
  bench_->put("a.pcl", parcel_like(100'000));
  bench_->fail_reads_from(50'000);
  std::optional<OfferedVolume> volume;
  medium_.scan([&](OfferedVolume&& v) { volume = std::move(v); });
  ASSERT_TRUE(volume);
  Bytes buffer(1000);
  std::size_t read = 0;
  const Error error = error_of([&] {
    while (const std::size_t n = volume->source(buffer)) read += n;
  });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_NE(std::string(error.what()).find("reading at byte " + std::to_string(read)),
            std::string::npos)
      << error.what();
  EXPECT_NE(std::string(error.what()).find("a.pcl"), std::string::npos);
  EXPECT_GT(read, 40'000u);
}

TEST_P(MediumContract, NamesAFileItCannotReadAndOffersTheOthers) {
  bench_->put("a.pcl", parcel_like(100));
  bench_->fail_reads_from(5);
  const ScanResult result = medium_.scan([](OfferedVolume&&) { FAIL(); });
  EXPECT_EQ(result.found, 0u);
  ASSERT_GE(result.unreadable.size(), 1u);  // and, without a file system, what may be behind it
  EXPECT_EQ(result.unreadable[0].code(), ErrorCode::device);
}

TEST_P(MediumContract, HasRoomForWhatItSaysAndNoneWhenItIsFull) {
  EXPECT_GT(medium_.room(), 1'000'000u);
  bench_->set_full();
  const std::uint64_t left = medium_.room();
  EXPECT_LE(left, 1000u);
  if (left > 0) medium_.write_proved(file(Bytes(left)), "fits.pcl", {});
}

TEST_P(MediumContract, GivesTheBytesOfAVolumeInAnyOrderAndSaysAtWhichTheyFail) {
  const Bytes content = parcel_like(100'000);
  bench_->put("a.pcl", content);
  std::optional<OfferedVolume> volume;
  medium_.scan([&](OfferedVolume&& v) { volume = std::move(v); });
  ASSERT_TRUE(volume);
  if (!volume->bytes.read_at) GTEST_SKIP() << "it is read forwards only";
  EXPECT_EQ(volume->bytes.size, content.size());
  Bytes buffer(1000);
  for (const std::size_t at : {90'000u, 0u, 50'000u}) {
    ASSERT_EQ(volume->bytes.read_at(at, buffer), buffer.size());
    EXPECT_TRUE(std::ranges::equal(buffer, ByteView(content).subspan(at, buffer.size())));
  }
  EXPECT_EQ(volume->bytes.read_at(content.size() - 10, buffer), 10u);
  EXPECT_EQ(volume->bytes.read_at(content.size(), buffer), 0u);
  EXPECT_EQ(read_all(volume->source, 5000), content);
  bench_->fail_reads_from(60'000);
  EXPECT_EQ(volume->bytes.read_at(1000, buffer), buffer.size());
  const Error error = error_of([&] { volume->bytes.read_at(60'000, buffer); });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_NE(std::string(error.what()).find("reading at byte 60000"), std::string::npos)
      << error.what();
}

template <typename Bench>
std::unique_ptr<MediumBench> make() {
  return std::make_unique<Bench>();
}

INSTANTIATE_TEST_SUITE_P(Every, MediumContract,
                         testing::Values(Kind{"Folder", make<FolderBench>},
                                         Kind{"Iso", make<test::IsoBench>},
                                         Kind{"Raw", make<test::RawBench>},
                                         Kind{"Tape", make<test::TapeBench>},
                                         Kind{"Fake", make<FakeBench>}),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace courier
