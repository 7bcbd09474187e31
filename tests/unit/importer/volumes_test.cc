// Parcels that come as volumes: in every order, cut in different ways, cut short, and with headers
// that lie: those are not signed.
#include <algorithm>

#include "importer/identify.h"
#include "importer/receive.h"
#include "media/volume_cut.h"
#include "tests/support/test_parcels.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

class Volumes : public ImporterTest {
 protected:
  // A parcel of one package with records enough, as one file and cut in `count` volumes.
  void make(std::size_t count) {
    root_ = content("v1", {{"a/run", noise(400'000, 1)}, {"b", noise(300'000, 2)}, {"c", "hello"}});
    const std::string path = package_parcel(1, 1, 1, root_);
    const std::string text = read_text(path);
    std::filesystem::remove(path);
    whole_.assign(text.begin(), text.end());
    cut_.emplace(volume_of(whole_), "parcel");
    ASSERT_GE(cut_->record_count(), count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t records = cut_->record_count();
      const std::uint64_t first = records * i / count, end = records * (i + 1) / count;
      volumes_.push_back(
          all_of(cut_->volume({1}, static_cast<std::uint32_t>(i + 1),
                              static_cast<std::uint32_t>(count), cut_->run_of(first, end))));
    }
  }

  // A stick with just these.
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

  // The same records under a header that says something else.
  static Bytes with_header(const Bytes& volume, VolumeHeader header) {
    const ByteView payload = ByteView(volume).subspan(kFrameHeaderSize, kVolumeHeaderSize);
    header.label_digest = parse_volume_header(payload).label_digest;
    Bytes out;
    append_frame(out, FrameKind::volume_header, 0, encode_volume_header(header));
    out.insert(out.end(), volume.begin() + static_cast<std::ptrdiff_t>(out.size()), volume.end());
    return out;
  }

  void is_whole() {
    EXPECT_EQ(served(), tree_of(folder / "v1"));
    EXPECT_TRUE(pse.store_is_clean());
    const auto rows = IncomingBook{pse.ledger}.list();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].state, IncomingState::processed);
  }

  Digest root_;
  Bytes whole_;
  std::optional<VolumeCut> cut_;
  std::vector<Bytes> volumes_;
  int sticks_ = 0;
};

TEST_F(Volumes, ComeInAnyOrderOneAtATime) {
  make(3);
  std::vector<std::size_t> order = {2, 0, 1};
  EXPECT_EQ(take({volumes_[order[0]]}).missing_volumes, (std::vector<std::uint64_t>{1, 2}));
  const ReceivedParcelReport second = take({volumes_[order[1]]});
  EXPECT_EQ(second.state, IncomingState::incomplete);
  EXPECT_EQ(second.exit_status, 5);
  EXPECT_EQ(second.error->happened(), "volume 2 of 3 is missing");
  EXPECT_EQ(state().state, PackageState::install_pending);
  EXPECT_EQ(take({volumes_[order[2]]}).state, IncomingState::processed);
  is_whole();
}

TEST_F(Volumes, TogetherOnOneMediumAreOneParcelHoweverMany) {
  make(12);
  std::vector<Bytes> all = volumes_;
  std::ranges::reverse(all);
  all.insert(all.end(), volumes_.begin(), volumes_.end());  // twice, more than stay open
  const ReceivedParcelReport report = take(all);
  EXPECT_EQ(report.state, IncomingState::processed);
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_EQ(report.paths.size(), 24u);
  EXPECT_EQ(report.damaged_records, 0u);
  is_whole();
}

TEST_F(Volumes, BesideTheWholeParcelAreHarmless) {
  make(3);
  EXPECT_EQ(take({volumes_[1], whole_, volumes_[0]}).state, IncomingState::processed);
  is_whole();
  EXPECT_TRUE(take({volumes_[2]}).already_received);
}

TEST_F(Volumes, OfAnotherCutCount) {
  make(3);
  take({volumes_[0]});
  const std::uint64_t from = cut_->record_count() / 4;
  const Bytes other = all_of(cut_->volume({2}, 2, 2, cut_->run_of(from, cut_->record_count())));
  EXPECT_EQ(take({other}).state, IncomingState::processed);
  is_whole();
}

TEST_F(Volumes, ThatEndEarlyAreAskedForAgain) {
  make(3);
  const Bytes cut_short(volumes_[1].begin(),
                        volumes_[1].begin() + static_cast<std::ptrdiff_t>(volumes_[1].size() / 2));
  const ReceivedParcelReport report = take({volumes_[0], cut_short, volumes_[2]});
  EXPECT_EQ(report.error->happened(), "volume 2 of 3 is missing");
  EXPECT_EQ(take({volumes_[1]}).state, IncomingState::processed);
  is_whole();
}

TEST_F(Volumes, OnAMediumThatIsPulledOutAgainAndAgainGoOnWhereTheyWere) {
  make(3);
  const std::string path = stick(volumes_);
  std::uint64_t before = 0;
  for (std::size_t volume = 0; volume < 3; ++volume) {
    for (std::uint64_t byte = 0; byte < volumes_[volume].size(); byte += 60'000) {
      FaultyFileSystem drive{real};
      for (std::size_t i = volume; i < 3; ++i) {  // this one from there on, and all that follow
        drive.fail_reads(path + "/" + std::to_string(100 + i), i == volume ? byte : 0, ENODEV);
      }
      const ImporterParts parts{drive,    clock,     entropy,   pse.journal, pse.path,
                                pse.keys, pse.trust, pse.store, pse.ledger,  pse.distribution};
      const ReceiveReport report = receive(parts, path, {});
      EXPECT_NE(report.exit_status, 0);
      const auto row = IncomingBook{pse.ledger}.find(ParcelId::parse("PUN-PSE-000001"));
      if (!row) continue;
      EXPECT_EQ(row->state, IncomingState::incomplete) << volume << ", byte " << byte;
      std::uint64_t here = 0;
      for (const NumberRange& range : row->received) here += range.last - range.first + 1;
      EXPECT_GE(here, before);
      before = here;
    }
  }
  EXPECT_GT(before, cut_->record_count() / 2);
  EXPECT_EQ(pse.take(path).exit_status, 0);
  is_whole();
}

TEST_F(Volumes, WithADamagedRecordAreAcceptedWhenAllCameAndMadeWholeByACopy) {
  make(3);
  Bytes damaged = volumes_[1];
  damaged[damaged.size() / 2] ^= 1;
  EXPECT_EQ(take({damaged}).exit_status, 5);
  EXPECT_EQ(take({volumes_[0]}).exit_status, 5);
  const ReceivedParcelReport all = take({volumes_[2]});
  EXPECT_EQ(all.exit_status, 4);
  EXPECT_EQ(all.missing_records.size(), 1u);
  EXPECT_EQ(take({volumes_[1]}).exit_status, 0);
  is_whole();
}

TEST_F(Volumes, DamagedWhereACopyOnTheSameMediumIsNotAreARemark) {
  make(2);
  Bytes damaged = volumes_[1];
  damaged[damaged.size() / 2] ^= 1;
  const ReceivedParcelReport report = take({volumes_[0], damaged, volumes_[1]});
  EXPECT_EQ(report.exit_status, 0);
  EXPECT_EQ(report.remark, "1 record is damaged; another copy had it");
  is_whole();
}

TEST_F(Volumes, WhoseHeadIsDamagedAreReadWithTheHeadOfAnotherDay) {
  make(3);
  Bytes headless = volumes_[1];
  headless[400] ^= 1;
  EXPECT_EQ(pse.take(stick({headless})).exit_status, 4);  // whose it is nobody knows yet
  EXPECT_EQ(take({volumes_[0]}).exit_status, 5);
  EXPECT_EQ(take({headless}).missing_volumes, (std::vector<std::uint64_t>{3}));
  Bytes no_header = volumes_[2];
  no_header[50] ^= 1;
  const ReceivedParcelReport last = take({no_header});
  EXPECT_EQ(last.state, IncomingState::processed);
  EXPECT_NE(last.remark.find("is damaged: another volume's was used"), std::string::npos);
  is_whole();
  EXPECT_TRUE(std::filesystem::is_empty(pse.path + "/incoming"));
}

TEST_F(Volumes, WhoseHeadersLieStillBringTheirRecords) {
  make(3);
  VolumeHeader lie;
  lie.cut = {9};
  // Says that it has what is here already, and has something else.
  take({volumes_[0]});
  lie.end_record = 1;
  EXPECT_EQ(take({with_header(volumes_[1], lie)}).exit_status, 5);
  // Says that it is the whole parcel: what is missing is then called damaged, and comes later.
  lie.end_record = kToTheEnd;
  EXPECT_EQ(take({with_header(volumes_[1], lie)}).exit_status, 4);
  EXPECT_EQ(take({volumes_[2]}).exit_status, 0);
  is_whole();
}

TEST_F(Volumes, WithAHeaderOfHugeNumbersAreNoMoreThanIncomplete) {
  make(3);
  VolumeHeader lie;
  lie.number = UINT32_MAX;
  lie.of = 0;
  lie.first_record = UINT64_MAX - 5;
  lie.end_record = UINT64_MAX - 1;
  EXPECT_EQ(take({with_header(volumes_[1], lie)}).exit_status, 5);
  EXPECT_EQ(take({volumes_[0], volumes_[2]}).exit_status, 0);
  is_whole();
}

TEST_F(Volumes, AreIdentifiedWithWhatIsStillToCome) {
  make(3);
  take({volumes_[0]});
  const IdentifyReport report =
      identify(pse.fs, stick({volumes_[2]}), IdentifyHome{pse.keys, pse.trust, pse.ledger});
  EXPECT_EQ(report.exit_status, 0);
  ASSERT_EQ(report.parts.size(), 1u);
  EXPECT_EQ(report.parts[0].missing, "volume 2 of 3 is missing");
  EXPECT_EQ(report.offers.at(0).volume.number, 3u);
}

TEST_F(Volumes, ThatWereGivenUpAreForgotten) {
  make(2);
  take({volumes_[0]});
  discard_incoming(pse.parts(), ParcelId::parse("PUN-PSE-000001"));
  EXPECT_TRUE(std::filesystem::is_empty(pse.path + "/incoming"));
  EXPECT_EQ(take({volumes_[1]}).error->happened(), "volume 1 of 2 is missing");
}

}  // namespace
}  // namespace courier::test
