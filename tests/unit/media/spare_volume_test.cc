#include "media/spare_volume.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/frame.h"
#include "media/volume_cut.h"
#include "tests/support/error_of.h"
#include "tests/support/test_parcels.h"

namespace courier {
namespace {

using test::all_of;
using test::error_of;
using test::keyless_parcel;
using test::volume_of;

constexpr std::array<std::uint8_t, 16> kCut = {9, 9};

ByteSource source_of(const Bytes& bytes) {
  return [&bytes, at = std::size_t{0}](MutableByteView out) mutable {
    const std::size_t n = std::min(out.size(), bytes.size() - at);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
    at += n;
    return n;
  };
}

WholeVolume whole(const Bytes& bytes) {
  return copy_whole_volume(
      source_of(bytes), bytes.size(), [](ByteView) {}, "file v.pcl");
}

// Three volumes of different sizes and two spare ones; larger than one cell of parity.
class SpareVolume : public testing::Test {
 protected:
  SpareVolume() {
    for (std::uint32_t i = 0; i < runs_.size(); ++i) {
      volumes_.push_back(all_of(cut_.volume(kCut, i + 1, 3, runs_[i].run, 2)));
    }
    for (std::uint8_t row = 0; row < 2; ++row) {
      volumes_.push_back(all_of(cut_.spare(kCut, runs_, 2, row)));
    }
  }
  VolumeAtHand at_hand(std::size_t i) const {
    VolumeAtHand volume;
    volume.index = static_cast<std::uint32_t>(i);
    volume.bytes = volume_of(volumes_[i]);
    if (i >= 3) volume.table = *find_spare_table(volumes_[i]);
    return volume;
  }

  const Bytes parcel_ = keyless_parcel({900'000, 700'000, 100'000, 800'000, 5});
  const VolumeCut cut_{volume_of(parcel_), "file p.pcl"};
  const std::vector<CutVolume> runs_ = {
      {3, cut_.run_of(0, 2)}, {3, cut_.run_of(2, 4)}, {3, cut_.run_of(4, 5)}};
  std::vector<Bytes> volumes_;
};

TEST_F(SpareVolume, AnyThreeOfFiveBringTheOthersByteForByte) {
  for (std::size_t a = 0; a < 5; ++a) {
    for (std::size_t b = a + 1; b < 5; ++b) {
      std::vector<VolumeAtHand> here;
      std::size_t data = 0;
      for (std::size_t i = 0; i < 5; ++i) {
        if (i == a || i == b) continue;
        here.push_back(at_hand(i));
        data += i < 3;
      }
      if (data == 3) continue;
      std::map<std::uint32_t, Bytes> solved;
      solve_volumes(*find_spare_table(volumes_[a == 3 ? 4 : 3]), here,
                    [&](std::uint32_t index, ByteView bytes) {
                      Bytes& out = solved[index];
                      out.insert(out.end(), bytes.begin(), bytes.end());
                    });
      ASSERT_EQ(solved.size(), 3 - data);
      for (const auto& [index, bytes] : solved) {
        EXPECT_EQ(bytes, volumes_[index]) << a << " and " << b << " are lost";
      }
    }
  }
}

TEST_F(SpareVolume, IsAVolumeWithAHeadAndNoRecords) {
  const Bytes& spare = volumes_[4];
  EXPECT_EQ(spare.size(), cut_.spare_size(3, volumes_[0].size()));
  const WholeVolume seen = whole(spare);
  EXPECT_EQ(seen.size, spare.size());
  EXPECT_EQ(seen.header.number, 5u);
  EXPECT_EQ(seen.header.of, 5u);
  EXPECT_EQ(seen.header.first_record, 5u);
  EXPECT_EQ(seen.header.end_record, 5u);
  ASSERT_TRUE(seen.table);
  EXPECT_EQ(seen.table->row, 1);
  EXPECT_EQ(seen.table->sizes[1], volumes_[1].size());
  const VolumeCut again(volume_of(spare), "file s.pcl");
  EXPECT_TRUE(again.spare_table()->is_of_spare());
  EXPECT_EQ(all_of(again.whole()), spare);
}

TEST_F(SpareVolume, GivesTheSameBytesWhereverTheyAreRead) {
  const VolumeBytes spare = cut_.spare(kCut, runs_, 2, 0);
  Bytes pieces;
  std::size_t step = 1;
  while (pieces.size() < spare.size) {
    Bytes piece(std::min<std::uint64_t>(step, spare.size - pieces.size()));
    ASSERT_EQ(spare.read_at(pieces.size(), piece), piece.size());
    pieces.insert(pieces.end(), piece.begin(), piece.end());
    step = step * 3 + 1;
  }
  EXPECT_EQ(pieces, volumes_[3]);
  Bytes last(1000);
  ASSERT_EQ(spare.read_at(spare.size - 5000, last), last.size());
  EXPECT_TRUE(std::equal(last.begin(), last.end(), volumes_[3].end() - 5000));
}

TEST_F(SpareVolume, EachByteOfItIsLookedAt) {
  Bytes copied;
  const WholeVolume seen = copy_whole_volume(
      source_of(volumes_[0]), volumes_[0].size(),
      [&](ByteView bytes) { copied.insert(copied.end(), bytes.begin(), bytes.end()); }, "file v");
  EXPECT_EQ(copied, volumes_[0]);
  EXPECT_FALSE(seen.table->is_of_spare());
  EXPECT_EQ(seen.table->spares, 2);
  for (const std::size_t i : {std::size_t{0}, std::size_t{3}}) {
    for (std::size_t at = 7; at < volumes_[i].size(); at += volumes_[i].size() / 23) {
      Bytes bad = volumes_[i];
      bad[at] ^= 4;
      EXPECT_EQ(error_of([&] { whole(bad); }).code(), ErrorCode::damaged) << at;
      bad.resize(at);
      EXPECT_EQ(error_of([&] { whole(bad); }).code(), ErrorCode::damaged) << at;
    }
  }
}

TEST_F(SpareVolume, HostileTablesAreNone) {
  const SpareTable good = *find_spare_table(volumes_[3]);
  const Bytes payload = encode_spare_table(good);
  EXPECT_EQ(parse_spare_table(payload), good);
  const auto with = [&](std::size_t at, std::uint8_t value) {
    Bytes changed = payload;
    changed[at] = value;
    return parse_spare_table(changed);
  };
  EXPECT_FALSE(with(0, 2));    // another version
  EXPECT_FALSE(with(2, 2));    // parity
  EXPECT_FALSE(with(3, 0));    // no spares
  EXPECT_FALSE(with(3, 253));  // 256 in all
  EXPECT_FALSE(with(4, 0));    // n = 0 with sizes
  EXPECT_FALSE(with(4, 200));  // more than it has sizes
  EXPECT_FALSE(with(5, 2));    // row out of range
  EXPECT_FALSE(with(6, 1));    // reserved
  EXPECT_FALSE(with(39, 1));   // 2^56 bytes
  Bytes longer = payload;
  longer.push_back(0);
  EXPECT_FALSE(parse_spare_table(longer));
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(parse_spare_table(ByteView(payload).first(size)));
  }
}

// A table with a checksum that holds, which says another thing than what follows it.
TEST_F(SpareVolume, OneThatIsNotAsItsTableSaysIsDamaged) {
  for (const int what : {0, 1, 2}) {
    SpareTable table = *find_spare_table(volumes_[3]);
    if (what == 0) table.sizes[0] = kMaxSpareSize;
    if (what == 1) table.sizes[0] -= 1;
    if (what == 2) table.parity_offset += 1;
    Bytes changed = volumes_[3];
    std::ranges::copy(spare_table_frame(table), changed.begin() + kSpareTableOffset);
    const Error error = error_of([&] { whole(changed); });
    EXPECT_EQ(error.happened(), "is a spare volume that is not as its table says") << what;
  }
}

}  // namespace
}  // namespace courier
