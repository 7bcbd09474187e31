#include "media/repair.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "media/recovery.h"
#include "media/recovery_search.h"
#include "media/repaired_copy.h"
#include "tests/support/damaged_bytes.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

using test::all_of;
using test::DamagedBytes;
using test::random_bytes;
using test::volume_of;

class RepairTest : public testing::Test {
 protected:
  // Cells of 512 bytes in 9 columns of 10 and 3; some are empty, and the last is not full.
  const RecoverySet kSet{84 * 512 - 100, {1, 2, 3}, 512, 10, 3};

  Bytes protect(const Bytes& volume, const RecoverySet& set) {
    return all_of(with_recovery(fs_, volume_of(volume), set, folder_.path(), {}));
  }
  Bytes protect(const Bytes& volume, unsigned percent) {
    return all_of(with_recovery(fs_, volume_of(volume), percent, folder_.path(), {}));
  }
  std::unique_ptr<RepairedVolume> open(DamagedBytes& medium) {
    return RepairedVolume::open(fs_, medium.view(), folder_.path());
  }
  // Whether the whole volume came back.
  bool is_repaired(DamagedBytes& medium) {
    const auto repaired = open(medium);
    return repaired && all_of(repaired->bytes()) == volume_ && repaired->report().lost_cells == 0;
  }

  PosixFileSystem fs_;
  test::TempFolder folder_;
  const Bytes volume_ = random_bytes(kSet.volume_size);
  const Bytes whole_ = protect(volume_, kSet);
  const RecoveryLayout layout_{kSet};
};

TEST_F(RepairTest, AnUndamagedVolumeIsGivenAsItIs) {
  DamagedBytes medium(whole_);
  const auto repaired = open(medium);
  ASSERT_TRUE(repaired);
  EXPECT_EQ(repaired->set(), kSet);
  EXPECT_EQ(all_of(repaired->bytes()), volume_);
  repaired->check_volume({});
  EXPECT_TRUE(repaired->check_recovery_data());
  EXPECT_FALSE(repaired->report().is_damaged());
  EXPECT_TRUE(repaired->lost(10).empty());
}

TEST_F(RepairTest, RecoveryDataBeginsRightBehindTheVolumeAndChangesNothingOfIt) {
  EXPECT_EQ(whole_.size(), layout_.total_size());
  EXPECT_TRUE(std::equal(volume_.begin(), volume_.end(), whole_.begin()));
  EXPECT_EQ(protect(volume_, kSet), whole_);
  const Bytes chosen = protect(volume_, 10);
  EXPECT_EQ(chosen.size() - volume_.size(), recovery_size(volume_.size(), 10));
  EXPECT_EQ(protect(volume_, 0u), volume_);
}

TEST_F(RepairTest, EveryBurstUpToTheShareOfParityIsRepairedWhereverItFalls) {
  const std::size_t longest = (layout_.parity_cells() - 1) * kSet.cell_size + 1;
  for (std::size_t first = 0; first < whole_.size(); first += 37) {
    DamagedBytes medium(whole_);
    medium.change(first, longest);
    ASSERT_TRUE(is_repaired(medium)) << "burst from byte " << first;
  }
}

TEST_F(RepairTest, EveryUnreadableBurstUpToTheShareOfParityIsRepairedWhereverItFalls) {
  const std::size_t longest = (layout_.parity_cells() - 1) * kSet.cell_size + 1;
  for (std::size_t first = 0; first < whole_.size(); first += 1021) {
    DamagedBytes medium(whole_);
    medium.fail(first, longest);
    ASSERT_TRUE(is_repaired(medium)) << "unreadable from byte " << first;
  }
}

TEST_F(RepairTest, AVolumeThatEndsEarlyIsRepairedAsFarAsTheParityReaches) {
  for (std::size_t size = layout_.parity_frame(0); size < whole_.size(); size += 501) {
    DamagedBytes medium(whole_);
    medium.cut_off(size);
    ASSERT_TRUE(is_repaired(medium)) << "cut off at " << size;
  }
  DamagedBytes medium(whole_);
  medium.cut_off(layout_.page_frame(0, 0));
  EXPECT_FALSE(open(medium));
}

TEST_F(RepairTest, AsManyCellsOfEachColumnAsThereAreParityLayersAreRepaired) {
  std::mt19937 random(5);
  for (int round = 0; round < 50; ++round) {
    DamagedBytes medium(whole_);
    for (std::uint64_t column = 0; column < layout_.columns(); ++column) {
      std::vector<std::uint64_t> cells;
      for (std::uint64_t layer = 0; layer < kSet.data_layers + kSet.parity_layers; ++layer) {
        if (const auto cell = layout_.cell_at(layer, column)) cells.push_back(*cell);
      }
      std::ranges::shuffle(cells, random);
      for (std::size_t i = 0; i < kSet.parity_layers; ++i) {
        const std::uint64_t at = layout_.cell_offset(cells[i]);
        if (round % 2 == 0) medium.change(at + random() % layout_.stored_size(cells[i]), 1);
        if (round % 2 == 1) medium.fail(at, 1);
      }
    }
    ASSERT_TRUE(is_repaired(medium)) << round;
  }
}

TEST_F(RepairTest, OneCellMoreInAColumnIsSaidAndLeavesTheOthersRepaired) {
  DamagedBytes medium(whole_);
  std::uint64_t lost_bytes = 0;
  for (std::uint64_t layer = 6; layer < 10; ++layer) {
    const std::uint64_t cell = *layout_.cell_at(layer, 4);
    medium.change(layout_.cell_offset(cell) + 7, 3);
    lost_bytes += layout_.stored_size(cell);
  }
  medium.change(layout_.cell_offset(*layout_.cell_at(3, 5)), 1);
  const auto repaired = open(medium);
  const Bytes bytes = all_of(repaired->bytes());
  EXPECT_EQ(repaired->report().lost_cells, 4u);
  EXPECT_EQ(repaired->report().lost_bytes, lost_bytes);
  EXPECT_EQ(repaired->report().repaired_cells, 1u);
  const std::vector<ByteRange> lost = repaired->lost(10);
  ASSERT_EQ(lost.size(), 4u);
  EXPECT_EQ(lost[0].first, layout_.cell_offset(*layout_.cell_at(6, 4)));
  EXPECT_EQ(lost[0].end, lost[0].first + 512);
  EXPECT_EQ(repaired->lost(2).size(), 2u);
  // A bad cell is given as it lies there: most of it may be right.
  std::size_t other = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) other += bytes[i] != volume_[i];
  EXPECT_EQ(other, 12u);
}

TEST_F(RepairTest, WhatCannotBeReadOrRepairedIsZerosAndTheRestOfItsCellIsGiven) {
  const RecoverySet set{300 * 8192, {}, 8192, 50, 1};
  const Bytes volume = random_bytes(set.volume_size);
  DamagedBytes medium(protect(volume, set));
  const RecoveryLayout layout(set);
  const std::uint64_t first = layout.cell_offset(*layout.cell_at(7, 3));
  medium.fail(first + 4096, 10);
  medium.fail(layout.cell_offset(*layout.cell_at(8, 3)), 8192);
  const auto repaired = open(medium);
  Bytes expected = volume;
  std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(first) + 4096, 2048, 0);
  std::fill_n(
      expected.begin() + static_cast<std::ptrdiff_t>(layout.cell_offset(*layout.cell_at(8, 3))),
      8192, 0);
  EXPECT_EQ(all_of(repaired->bytes()), expected);
  EXPECT_EQ(repaired->report().lost_cells, 2u);
  EXPECT_EQ(repaired->report().unreadable_cells, 2u);
}

TEST_F(RepairTest, WhatTheMediumDoesNotGiveIsNotAskedForAgain) {
  DamagedBytes medium(whole_);
  medium.fail(layout_.cell_offset(20), 512 * 3);
  const auto repaired = open(medium);
  EXPECT_EQ(all_of(repaired->bytes()), volume_);
  const std::size_t failures = medium.failures();
  EXPECT_EQ(all_of(repaired->bytes()), volume_);
  EXPECT_EQ(medium.failures(), failures);
  EXPECT_EQ(repaired->report().repaired_cells, 3u);
  EXPECT_EQ(repaired->report().unreadable_cells, 3u);
}

TEST_F(RepairTest, PagesWithoutAGoodCopyCostEachColumnACell) {
  // 1,200 cells in 60 columns: a page is more than four layers of them.
  const RecoverySet set{1000 * 512, {}, 512, 10, 10};
  const Bytes volume = random_bytes(set.volume_size);
  DamagedBytes medium(protect(volume, set));
  const RecoveryLayout layout(set);
  ASSERT_GT(layout.pages(), 4u);
  for (unsigned copy = 0; copy < kPageCopies; ++copy)
    medium.change(layout.page_frame(copy, 1) + 200, 1);
  const auto repaired = open(medium);
  EXPECT_EQ(all_of(repaired->bytes()), volume);
  EXPECT_EQ(repaired->report().repaired_cells, 256u);
}

TEST_F(RepairTest, EachCopyOfThePagesAloneIsEnough) {
  for (unsigned good = 0; good < kPageCopies; ++good) {
    DamagedBytes medium(whole_);
    for (unsigned copy = 0; copy < kPageCopies; ++copy) {
      if (copy != good) medium.change(layout_.page_frame(copy, 0) + 100, 1);
    }
    medium.change(1000, 700);
    ASSERT_TRUE(is_repaired(medium)) << good;
  }
}

TEST_F(RepairTest, AnyOneFrameIsEnoughToFindItAll) {
  // All headers but one are gone; with them the pages, so that nothing is repaired, but all is
  // known.
  for (std::uint64_t kept = 0; kept < layout_.parity_cells(); ++kept) {
    DamagedBytes medium(whole_);
    for (std::uint64_t cell = 0; cell < layout_.parity_cells(); ++cell) {
      if (cell != kept) medium.change(layout_.parity_frame(cell), 1);
    }
    for (unsigned copy = 0; copy < kPageCopies; ++copy)
      medium.change(layout_.page_frame(copy, 0), 1);
    ASSERT_EQ(find_recovery_set(medium.view()), kSet) << kept;
  }
}

TEST_F(RepairTest, DamageOfTheRecoveryDataAloneIsCountedAndTheVolumeIsWhole) {
  DamagedBytes medium(whole_);
  medium.change(layout_.parity_frame(3) + 500, 1);
  medium.fail(layout_.parity_frame(9) + 200, 1);
  const auto repaired = open(medium);
  repaired->check_volume({});
  EXPECT_FALSE(repaired->check_recovery_data());
  EXPECT_EQ(repaired->report().damaged_parity_cells, 2u);
  EXPECT_EQ(repaired->report().unreadable_cells, 1u);
  EXPECT_EQ(repaired->report().repaired_cells + repaired->report().lost_cells, 0u);
  EXPECT_TRUE(repaired->report().is_damaged());
}

TEST_F(RepairTest, WhatWasRepairedGivesTheSameRecoveryDataAgain) {
  DamagedBytes medium(whole_);
  medium.change(2000, 3000);
  medium.change(layout_.parity_frame(4), 2000);
  const auto repaired = open(medium);
  EXPECT_EQ(all_of(with_recovery(fs_, repaired->bytes(), repaired->set(), folder_.path(), {})),
            whole_);
}

TEST_F(RepairTest, ACopyOfARepairedVolumeHasTheBytesThatWereWritten) {
  for (std::size_t at = 0; at < whole_.size(); at += 401) {
    DamagedBytes medium(whole_);
    medium.change(at, 3000);
    const auto repaired = open(medium);
    EXPECT_EQ(all_of(repaired_copy(fs_, *repaired, medium.view(), folder_.path(), {})), whole_);
  }
}

TEST_F(RepairTest, ACopyIsNotGivenOfWhatIsBeyondRepair) {
  DamagedBytes medium(whole_);
  for (std::uint64_t layer = 4; layer < 8; ++layer) {
    medium.change(layout_.cell_offset(*layout_.cell_at(layer, 4)), 1);
  }
  const auto repaired = open(medium);
  const VolumeBytes copy = repaired_copy(fs_, *repaired, medium.view(), folder_.path(), {});
  EXPECT_EQ(test::error_of([&] { all_of(copy); }).code(), ErrorCode::damaged);
}

TEST_F(RepairTest, AVolumeWithoutRecoveryDataHasNone) {
  DamagedBytes none(volume_), empty(Bytes{});
  EXPECT_FALSE(open(none));
  EXPECT_FALSE(open(empty));
}

TEST_F(RepairTest, OldRecoveryDataBehindAShorterVolumeIsPassedOver) {
  // A raw device: the new volume was written over the beginning of a longer one.
  const RecoverySet old_set = choose_recovery_set(200'000, 10);
  Bytes device = protect(random_bytes(200'000, 9), old_set);
  std::ranges::copy(whole_, device.begin());
  DamagedBytes medium(device);
  medium.change(5000, 2000);
  ASSERT_TRUE(is_repaired(medium));
  EXPECT_EQ(open(medium)->set(), kSet);
}

TEST_F(RepairTest, PaddingBehindARecoveryDataDoesNotHideIt) {
  Bytes padded = whole_;
  padded.resize(padded.size() + 300'000, 0xf5);
  DamagedBytes medium(padded);
  medium.change(100, 100);
  EXPECT_TRUE(is_repaired(medium));
}

TEST_F(RepairTest, AFrameThatLiesElsewhereThanItSaysIsNone) {
  Bytes moved(1, 0);
  moved.insert(moved.end(), whole_.begin(), whole_.end());
  DamagedBytes medium(moved);
  EXPECT_FALSE(open(medium));
}

TEST_F(RepairTest, AVolumeIsKnownByItsEndThoughItsBeginningIsGone) {
  const auto is_known = [](const Bytes& bytes) {
    return ends_with_recovery_data(test::volume_of(bytes));
  };
  Bytes gone = whole_, longer = whole_, shorter = whole_;
  std::fill_n(gone.begin(), 20'000, 0);
  EXPECT_TRUE(is_known(gone));
  longer.push_back(0);
  EXPECT_FALSE(is_known(longer));
  shorter.pop_back();
  EXPECT_FALSE(is_known(shorter));
  EXPECT_FALSE(is_known(volume_));
  EXPECT_FALSE(is_known({}));
  DamagedBytes unreadable(whole_);
  unreadable.fail(whole_.size() - 1, 1);
  EXPECT_FALSE(ends_with_recovery_data(unreadable.view()));
}

TEST_F(RepairTest, AVolumeIsCutSoThatItsRecoveryDataHasRoomToo) {
  for (const std::uint64_t limit : {100'000ull, 1'000'000ull, 52'500'000ull, 4'294'901'760ull}) {
    for (const unsigned percent : {0u, 1u, 10u, 50u}) {
      const std::uint64_t size = volume_within(limit, percent);
      EXPECT_LE(size + recovery_size(size, percent), limit);
      EXPECT_GT(static_cast<double>(size + recovery_size(size, percent)),
                0.97 * static_cast<double>(limit));
    }
  }
  EXPECT_EQ(volume_within(0, 10), 0u);
  EXPECT_EQ(volume_within(500, 10), 0u);
}

TEST_F(RepairTest, RandomDamageIsRepairedExactlyWhenNoColumnHasTooMuch) {
  std::mt19937 random(11);
  unsigned repaired_rounds = 0, lost_rounds = 0;
  for (int round = 0; round < 300; ++round) {
    const auto percent = static_cast<unsigned>(1 + random() % 50);
    const Bytes volume = random_bytes(1 + random() % (round % 4 == 0 ? 5'000 : 150'000),
                                      static_cast<unsigned>(random()));
    const Bytes whole = protect(volume, percent);
    const RecoveryLayout layout(choose_recovery_set(volume.size(), percent));
    DamagedBytes medium(whole);
    std::map<std::uint64_t, unsigned> erased;
    const std::uint64_t hits = random() % (layout.parity_cells() + 2);
    std::set<std::uint64_t> cells;
    while (cells.size() < hits) cells.insert(random() % layout.cells());
    for (const std::uint64_t cell : cells) {
      const std::uint64_t at = layout.cell_offset(cell) + random() % layout.stored_size(cell);
      // A sector of 2 KiB holds all headers of a very small volume.
      if (volume.size() < 50'000 || random() % 2 == 0)
        medium.change(at, 1);
      else
        medium.fail(at, 1);
      ++erased[layout.column_of(cell)];
    }
    const bool should = std::ranges::all_of(
        erased, [&](const auto& one) { return one.second <= layout.parity_layers(); });
    const auto repaired = open(medium);
    ASSERT_TRUE(repaired) << round;
    const bool is_same = all_of(repaired->bytes()) == volume;
    ASSERT_EQ(repaired->report().lost_cells == 0, is_same) << round;
    ASSERT_TRUE(is_same || !should) << round;
    ++(is_same ? repaired_rounds : lost_rounds);
  }
  EXPECT_GT(repaired_rounds, 50u);
  EXPECT_GT(lost_rounds, 5u);
}

TEST_F(RepairTest, ReadingInAnyOrderAndSizesGivesTheSameBytes) {
  const Bytes volume = random_bytes(11'000'000);
  DamagedBytes medium(protect(volume, 5));
  medium.change(4'000'000, 400'000);
  const auto repaired = open(medium);
  std::mt19937 random(13);
  Bytes out;
  for (int round = 0; round < 60; ++round) {
    const std::size_t offset = random() % volume.size();
    out.resize(random() % 600'000);
    const std::size_t n = repaired->read_at(offset, out);
    ASSERT_EQ(n, std::min(out.size(), volume.size() - offset));
    ASSERT_TRUE(std::equal(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(n),
                           volume.begin() + static_cast<std::ptrdiff_t>(offset)));
  }
  EXPECT_EQ(repaired->read_at(volume.size(), out), 0u);
}

TEST_F(RepairTest, AScratchFolderWithoutRoomIsSaidInNumbers) {
  test::FaultyFileSystem full(fs_);
  full.pretend_space({1000, 2000});
  const Error error =
      test::error_of([&] { with_recovery(full, volume_of(volume_), 10, folder_.path(), {}); });
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  EXPECT_NE(std::string(error.what()).find("1.0 kB free"), std::string::npos) << error.what();
}

}  // namespace
}  // namespace courier
