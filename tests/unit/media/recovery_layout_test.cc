#include "media/recovery_layout.h"

#include <gtest/gtest.h>

#include <map>

#include "base/codec.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

RecoverySet small_set() { return {60001, {}, 512, 17, 3}; }

Bytes header_of(const RecoveryFrame& frame) {
  const auto header = encode_recovery_header(frame);
  return {header.begin(), header.end()};
}

// With other bytes at a place, and its own checksum right again.
Bytes with(Bytes header, std::size_t at, Bytes bytes) {
  std::copy(bytes.begin(), bytes.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
  Encoder checksum;
  checksum.u64(frame_checksum(ByteView(header).first(56)));
  std::copy_n(checksum.view().begin(), 8, header.begin() + 56);
  return header;
}

TEST(RecoveryLayout, FramesLieBehindTheVolumeWithoutAGapOrAnOverlap) {
  for (const RecoverySet& set :
       {small_set(), choose_recovery_set(1, 50), choose_recovery_set(1'000'000, 10),
        RecoverySet{5120, {}, 512, 10, 7}}) {
    const RecoveryLayout layout(set);
    std::map<std::uint64_t, std::uint64_t> frames;
    for (unsigned copy = 0; copy < kPageCopies; ++copy) {
      for (std::uint64_t page = 0; page < layout.pages(); ++page) {
        frames[layout.page_frame(copy, page)] = kRecoveryOverhead + layout.page_size(page);
      }
    }
    for (std::uint64_t cell = 0; cell < layout.parity_cells(); ++cell) {
      frames[layout.parity_frame(cell)] = kRecoveryOverhead + layout.cell_size();
    }
    std::uint64_t end = set.volume_size;
    for (const auto& [offset, size] : frames) {
      ASSERT_EQ(offset, end);
      end += size;
    }
    EXPECT_EQ(end, layout.total_size());
    EXPECT_EQ(frames.size(), layout.pages() * kPageCopies + layout.parity_cells());
  }
}

TEST(RecoveryLayout, AnyRunOfAsManyCellsAsThereIsParityHasEachColumnEquallyOften) {
  const RecoveryLayout layout(small_set());
  const std::uint64_t run = layout.parity_cells();
  for (std::uint64_t first = 0; first + run <= layout.cells(); ++first) {
    std::map<std::uint64_t, unsigned> columns;
    for (std::uint64_t cell = first; cell < first + run; ++cell) ++columns[layout.column_of(cell)];
    ASSERT_EQ(columns.size(), layout.columns());
    for (const auto& [column, count] : columns) ASSERT_EQ(count, layout.parity_layers());
  }
}

TEST(RecoveryLayout, CellsAndTheirPlacesAreOneToOne) {
  const RecoveryLayout layout(small_set());
  for (std::uint64_t cell = 0; cell < layout.cells(); ++cell) {
    EXPECT_EQ(layout.cell_at(layout.layer_of(cell), layout.column_of(cell)), cell);
  }
  EXPECT_GT(layout.empty_cells(), 0u);
  EXPECT_FALSE(layout.cell_at(0, 0));
  EXPECT_EQ(layout.layer_of(layout.volume_cells()), layout.data_layers());
  EXPECT_EQ(layout.column_of(layout.volume_cells()), 0u);
}

TEST(RecoveryLayout, AShareIsThatShareOfTheVolumeAndLittleMore) {
  for (const std::uint64_t size :
       {200'000ull, 3'000'000ull, 1ull << 30, 4'700'372'992ull, 1ull << 40}) {
    for (const unsigned percent : {1u, 5u, 10u, 20u, 27u, 28u, 50u}) {
      const RecoverySet set = choose_recovery_set(size, percent);
      EXPECT_TRUE(is_allowed(set));
      const RecoveryLayout layout(set);
      const double parity = static_cast<double>(layout.parity_cells() * set.cell_size);
      const double wanted = static_cast<double>(size) * percent / 100;
      EXPECT_GE(parity, wanted * 0.999) << size << " " << percent;
      EXPECT_LE(parity, wanted * 1.13 + 4096) << size << " " << percent;
      if (size < 1ull << 30) continue;
      EXPECT_LE(static_cast<double>(layout.total_size() - size),
                wanted * 1.02 + 0.001 * static_cast<double>(size));
    }
  }
}

TEST(RecoveryLayout, CellsShrinkWithTheVolume) {
  EXPECT_EQ(choose_recovery_set(1ull << 30, 10).cell_size, 65536u);
  EXPECT_EQ(choose_recovery_set(10'000'000, 10).cell_size, 8192u);
  EXPECT_EQ(choose_recovery_set(1000, 10).cell_size, 512u);
  EXPECT_EQ(choose_recovery_set(1000, 10).data_layers, 2u);
  EXPECT_EQ(choose_recovery_set(1ull << 30, 10).data_layers, 200u);
  EXPECT_EQ(choose_recovery_set(1ull << 30, 10).parity_layers, 20u);
}

TEST(RecoveryLayout, AVolumeBeyondTheFormatIsRefusedBeforeItIsRead) {
  EXPECT_EQ(test::error_of([] { choose_recovery_set(0, 10); }).code(), ErrorCode::not_allowed);
  EXPECT_EQ(test::error_of([] { choose_recovery_set(17ull << 40, 10); }).code(),
            ErrorCode::not_allowed);
}

TEST(RecoveryHeader, SaysWhatWasWritten) {
  RecoveryFrame frame{small_set(), RecoveryPart::page, 2, 0};
  frame.set.id.fill(7);
  EXPECT_EQ(parse_recovery_header(header_of(frame)), frame);
  frame.part = RecoveryPart::parity;
  frame.copy = 0;
  frame.index = RecoveryLayout(frame.set).parity_cells() - 1;
  EXPECT_EQ(parse_recovery_header(header_of(frame)), frame);
}

TEST(RecoveryHeader, OneChangedBitIsEnoughToRefuseIt) {
  const Bytes header = header_of({small_set(), RecoveryPart::page, 0, 0});
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    Bytes changed = header;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(parse_recovery_header(changed)) << bit;
  }
}

TEST(RecoveryHeader, WhatTheFormatDoesNotAllowIsRefusedWithARightChecksumToo) {
  const Bytes header = header_of({small_set(), RecoveryPart::page, 0, 0});
  ASSERT_TRUE(parse_recovery_header(with(header, 0, {})));
  const std::vector<std::pair<std::size_t, Bytes>> changes = {
      {0, Bytes(8)},                  // no byte
      {0, {0, 0, 0, 0, 0, 0, 1, 1}},  // 2^48 and more
      {0, {0, 0, 0, 0, 0, 1, 0, 0}},  // cells beyond the limit
      {24, Bytes(4)},                 // cells of no byte
      {24, {1, 2, 0, 0}},             // of 513
      {24, {0, 1, 0, 0}},             // of 256
      {24, {0, 0, 2, 0}},             // of 131,072
      {28, {0, 0}},
      {28, {255, 0}},  // data layers
      {28, {2, 0}},    // fewer than parity layers
      {30, {0, 0}},
      {30, {18, 0}},  // parity layers
      {32, {2, 0}},   // another version
      {34, {0}},
      {34, {3}},  // parts that are not known
      {35, {3}},  // a fourth copy
      {36, {1}},
      {48, {1}},                                       // reserved
      {40, {255, 255, 255, 255, 255, 255, 255, 255}},  // a page behind the last
  };
  for (const auto& [at, bytes] : changes) {
    EXPECT_FALSE(parse_recovery_header(with(header, at, bytes))) << at << " " << to_hex(bytes);
  }
}

}  // namespace
}  // namespace courier
