// Parcels some of whose volumes never come, or come damaged, and spare volumes stand in for them.
#include <algorithm>

#include "importer/receive.h"
#include "media/spare_volume.h"
#include "media/volume_cut.h"
#include "tests/support/crash_file_system.h"
#include "tests/support/test_parcels.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

constexpr std::array<std::uint8_t, 16> kCut = {1};

class SparesTest : public ImporterTest {
 protected:
  // Three volumes and two spare ones.
  void SetUp() override {
    const Digest root =
        content("v1", {{"a/run", noise(200'000, 1)}, {"b", noise(150'000, 2)}, {"c", "hello"}});
    const std::string path = package_parcel(1, 1, 1, root);
    const std::string text = read_text(path);
    std::filesystem::remove(path);
    whole_.assign(text.begin(), text.end());
    cut_.emplace(volume_of(whole_), "parcel");
    const std::uint64_t records = cut_->record_count();
    ASSERT_GE(records, 3u);
    for (std::uint64_t i = 0; i < 3; ++i) {
      runs_.push_back({3, cut_->run_of(records * i / 3, records * (i + 1) / 3)});
      volumes_.push_back(
          all_of(cut_->volume(kCut, static_cast<std::uint32_t>(i + 1), 3, runs_.back().run, 2)));
    }
    for (std::uint8_t row = 0; row < 2; ++row) {
      volumes_.push_back(all_of(cut_->spare(kCut, runs_, 2, row)));
    }
  }

  std::string stick(const std::vector<Bytes>& files) {
    const std::string path = folder / ("stick" + std::to_string(++sticks_));
    std::filesystem::create_directories(path);
    for (std::size_t i = 0; i < files.size(); ++i) {
      write_text(path + "/" + std::to_string(100 + i), as_text(files[i]));
    }
    return path;
  }
  ReceivedParcelReport take(const std::vector<Bytes>& files) {
    ReceiveReport report = pse.take(stick(files));
    EXPECT_EQ(report.parcels.size(), 1u);
    return report.parcels.at(0);
  }
  ReceiveReport take_with(FileSystem& files, const std::string& path) {
    const ImporterParts parts{files,    clock,     entropy,   pse.journal, pse.path,
                              pse.keys, pse.trust, pse.store, pse.ledger,  pse.distribution};
    return receive(parts, path, {});
  }
  std::size_t staged() const {
    std::size_t count = 0;
    const std::string path = pse.path + "/staged";
    if (!std::filesystem::exists(path)) return 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      count += entry.is_regular_file();
    }
    return count;
  }
  void is_whole() {
    EXPECT_EQ(served(), tree_of(folder / "v1"));
    EXPECT_TRUE(pse.store_is_clean());
    EXPECT_EQ(IncomingBook{pse.ledger}.list().at(0).state, IncomingState::processed);
    EXPECT_EQ(staged(), 0u);
  }

  Bytes whole_;
  std::optional<VolumeCut> cut_;
  std::vector<CutVolume> runs_;
  std::vector<Bytes> volumes_;
  int sticks_ = 0;
};

TEST_F(SparesTest, BringWhatNeverCameInAnyOrder) {
  EXPECT_EQ(take({volumes_[4]}).exit_status, 5);
  EXPECT_EQ(take({volumes_[4]}).exit_status, 5);  // the same again is no second one
  const ReceivedParcelReport second = take({volumes_[1]});
  EXPECT_NE(second.error->happened().find("2 of them are here"), std::string::npos)
      << second.error->happened();
  EXPECT_EQ(staged(), 2u);
  const ReceivedParcelReport last = take({volumes_[3]});
  EXPECT_EQ(last.state, IncomingState::processed);
  is_whole();
}

TEST_F(SparesTest, AreNotStagedWhereAllIsHereAnyway) {
  EXPECT_EQ(take(volumes_).exit_status, 0);
  EXPECT_FALSE(std::filesystem::exists(pse.path + "/staged"));
  is_whole();
}

// Records whose frames are whole, and which the parcel's key did not sign.
TEST_F(SparesTest, ThatBringForgedRecordsBringNothing) {
  Bytes forged = volumes_[2];
  const std::size_t head = volumes_[2].size() - runs_[2].run.bytes - 32 - 72;
  const ParsedFrame frame = parse_frame_header(ByteView(forged).subspan(head, kFrameHeaderSize));
  forged[head + kFrameHeaderSize + 100] ^= 1;
  const auto header = encode_frame_header(
      FrameKind::record, frame.header.number,
      ByteView(forged).subspan(head + kFrameHeaderSize, frame.header.payload_size));
  std::ranges::copy(header, forged.begin() + static_cast<std::ptrdiff_t>(head));
  std::vector<VolumeBytes> sources = {volume_of(volumes_[0]), volume_of(volumes_[1]),
                                      volume_of(forged)};
  const Bytes frames = all_of(spare_frames(sources, 0));
  Bytes spare = volumes_[3];
  std::ranges::copy(
      frames, spare.begin() + static_cast<std::ptrdiff_t>(find_spare_table(spare)->parity_offset));
  const ReceivedParcelReport report = take({volumes_[0], volumes_[1], spare});
  EXPECT_EQ(report.forged_records, 1u);
  EXPECT_EQ(report.state, IncomingState::incomplete);
  EXPECT_NE(report.remark.find("volume 3 is not signed"), std::string::npos) << report.remark;
  EXPECT_EQ(staged(), 0u);
  EXPECT_TRUE(pse.store_is_clean());
  EXPECT_EQ(take({volumes_[2]}).exit_status, 0);
  is_whole();
}

TEST_F(SparesTest, ThatCannotBeStagedForWantOfRoomSaySoAndRecordsAreIn) {
  fs.pretend_space({.free_bytes = (8u << 20) + 50'000, .total_bytes = 1u << 30});
  const ReceivedParcelReport report = take({volumes_[3]});
  EXPECT_EQ(report.state, IncomingState::incomplete);
  EXPECT_NE(report.remark.find("bytes needed in the home"), std::string::npos) << report.remark;
  EXPECT_EQ(staged(), 0u);
}

TEST_F(SparesTest, OfAPowerCutAtAnyCallGoOnWhenTheyAreThereAgain) {
  const std::string path = stick({volumes_[0], volumes_[4], volumes_[2]});
  const std::string attic = folder / "attic";
  std::filesystem::create_directories(attic);
  int cuts = 0;
  for (std::uint64_t at = 1;; at += 7) {
    CrashFileSystem disk{real, pse.path, attic};
    FaultyFileSystem calls{disk};
    calls.fail_at(at, EIO, true);
    try {
      take_with(calls, path);
    } catch (const Error&) {
      // What stops everything.
    }
    const bool was_met = !calls.failed_call().empty();
    disk.power_cut(static_cast<Cut>(at % 3), static_cast<unsigned>(at));
    if (!was_met) break;
    ++cuts;
    const auto row = IncomingBook{pse.ledger}.find(ParcelId::parse("PUN-PSE-000001"));
    if (row && row->state == IncomingState::processed) break;
  }
  EXPECT_GT(cuts, 10);
  EXPECT_EQ(pse.take(path).exit_status, 0);
  is_whole();
}

}  // namespace
}  // namespace courier::test
