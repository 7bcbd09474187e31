// Media that fail while they are read, of every kind and at every place: what is intact goes in,
// the error says where, and the same command with a good medium ends well.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "importer/receive.h"
#include "media/folder_medium.h"
#include "media/iso_medium.h"
#include "media/raw_medium.h"
#include "media/recovery.h"
#include "media/recovery_layout.h"
#include "media/simh_tape.h"
#include "media/tape_medium.h"
#include "tests/support/bad_sectors.h"
#include "tests/support/test_parcels.h"
#include "tests/unit/importer/importer_fixture.h"

namespace courier::test {
namespace {

class BadMedia : public ImporterTest {
 protected:
  // A parcel, as bytes.
  Bytes parcel() {
    const Digest root =
        content("v1", {{"a/run", noise(200'000, 1)}, {"b", noise(100'000, 2)}, {"c", "hello"}});
    const std::string path = package_parcel(1, 1, 1, root);
    const std::string text = read_text(path);
    std::filesystem::remove(path);
    return to_bytes(as_bytes(text));
  }
  void is_whole() {
    EXPECT_EQ(served(), tree_of(folder / "v1"));
    EXPECT_TRUE(pse.store_is_clean());
  }
};

// A medium of one kind with this volume. Returns what receive() is given.
std::string put(FileSystem& fs, const std::string& kind, const std::string& folder,
                const Bytes& volume) {
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/medium";
  const auto write = [&](Medium&& medium) { medium.write_proved(volume_of(volume), "1.pcl", {}); };
  if (kind == "folder") write(FolderMedium(fs, folder));
  if (kind == "iso") write(IsoMedium(fs, path));
  if (kind == "raw") {
    fs.truncate(fs.open(path, O_RDWR | O_CREAT), 2u << 20);
    write(RawMedium(fs, path, ""));
  }
  if (kind == "tape") write(TapeMedium(std::make_unique<SimhTape>(fs, path)));
  return kind == "folder" ? folder : kind + ":" + path;
}

class YankedMedia : public BadMedia, public testing::WithParamInterface<std::string> {};

TEST_P(YankedMedia, AtEverySingleCallSayWhereAndGoOnWhenTheyAreThereAgain) {
  const std::string at = folder / "media";
  const std::string target = put(real, GetParam(), at, parcel());
  bool is_yanked = true;
  std::size_t yanks = 0;
  for (std::size_t nth = 1; is_yanked; ++nth) {
    ASSERT_LT(nth, 5000u);
    is_yanked = false;
    fs.before_each([&, seen = std::size_t{0}](const std::string&, const std::string& path) mutable {
      if (path.find(at) == std::string::npos || ++seen < nth) return;
      is_yanked = true;
      throw system_error(EIO, path, "cannot read it");
    });
    std::optional<Error> error;
    std::optional<IncomingState> state;
    int status = 0;
    try {
      const ReceiveReport report = pse.take(target);
      status = report.exit_status;
      if (!report.parcels.empty()) {
        error = report.parcels[0].error;
        state = report.parcels[0].state;
      } else if (!report.left_alone.empty()) {
        error = report.left_alone[0].error;
      }
    } catch (const Error& thrown) {
      error = thrown;
      status = thrown.exit_status();
    }
    if (!is_yanked) break;
    ++yanks;
    SCOPED_TRACE(std::to_string(nth) + ": " + (error ? error->what() : "no error"));
    // Behind the last record nothing is missed: it may all be in.
    if (state == IncomingState::processed) continue;
    ASSERT_TRUE(error);
    EXPECT_TRUE(status == 5 || status == 11) << status;
    EXPECT_NE(std::string(error->what()).find("input/output error"), std::string::npos);
    EXPECT_NE(error->loss().find("nothing was lost"), std::string::npos) << error->loss();
    EXPECT_FALSE(error->hint().empty());
    EXPECT_TRUE(pse.store_is_clean());
  }
  EXPECT_GT(yanks, 5u);
  fs.before_each({});
  EXPECT_EQ(pse.take(target).exit_status, 0);
  is_whole();
}

INSTANTIATE_TEST_SUITE_P(Every, YankedMedia, testing::Values("folder", "iso", "raw", "tape"),
                         [](const auto& param) { return param.param; });

class BadSectorsOfAVolume : public BadMedia {
 protected:
  BadSectorsOfAVolume() {
    const Bytes plain = parcel();
    protected_ = all_of(with_recovery(real, volume_of(plain), 10, folder.path(), {}));
    layout_.emplace(choose_recovery_set(plain.size(), 10));
    std::filesystem::create_directories(folder / "stick");
    write_text(folder / "stick/1.pcl", as_text(protected_));
  }
  ReceivedParcelReport take() {
    const ReceiveReport report =
        receive(ImporterParts{bad_, clock, entropy, pse.journal, pse.path, pse.keys, pse.trust,
                              pse.store, pse.ledger, pse.distribution},
                folder / "stick", {});
    EXPECT_EQ(report.parcels.size(), 1u);
    return report.parcels.at(0);
  }
  // All is taken in in spite of these, and so much is repaired.
  void is_repaired(std::uint64_t at_least) {
    const ReceivedParcelReport report = take();
    EXPECT_EQ(report.state, IncomingState::processed) << (report.error ? report.error->what() : "");
    EXPECT_EQ(report.exit_status, 0);
    EXPECT_GE(report.repaired_bytes, at_least);
    EXPECT_EQ(report.lost_bytes, 0u);
    is_whole();
  }

  Bytes protected_;
  std::optional<RecoveryLayout> layout_;
  BadSectors bad_{fs, "stick/1.pcl"};
};

TEST_F(BadSectorsOfAVolume, InItsHeadAreRepaired) {
  bad_.add(0, 512);
  is_repaired(512);
}

TEST_F(BadSectorsOfAVolume, InARecordAreRepaired) {
  bad_.add(100'000, 4096);
  is_repaired(4096);
}

TEST_F(BadSectorsOfAVolume, InTheParityCostNothing) {
  bad_.add(layout_->parity_frame(0), 4096);
  is_repaired(0);
}

TEST_F(BadSectorsOfAVolume, InTheParityBesideOnesInARecordAreRepairedFromTheRest) {
  bad_.add(100'000, 512);
  bad_.add(layout_->parity_frame(0), 512);
  is_repaired(512);
}

TEST_F(BadSectorsOfAVolume, InTheChecksumsBesideOnesInARecordAreRepairedByAnotherCopy) {
  bad_.add(100'000, 512);
  bad_.add(layout_->page_frame(0, 0), 512);
  bad_.add(layout_->page_frame(2, 0), 512);
  is_repaired(512);
}

TEST_F(BadSectorsOfAVolume, BeyondRepairLetInWhatIsIntactAndAreNamed) {
  bad_.add(100'000, 100'000);
  const ReceivedParcelReport report = take();
  EXPECT_EQ(report.exit_status, 4);
  ASSERT_TRUE(report.error);
  EXPECT_GT(report.records, 0u);
  EXPECT_FALSE(report.missing_records.empty());
  EXPECT_GT(report.lost_bytes, 0u);
  EXPECT_TRUE(pse.store_is_clean());
  bad_.clear();
  EXPECT_EQ(take().state, IncomingState::processed);
  is_whole();
}

}  // namespace
}  // namespace courier::test
