#include "parcel/record_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace courier {

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RecordRanges decoded(const Bytes& bytes) {
  Decoder in(bytes, "ranges");
  auto ranges = decode_ranges(in);
  in.expect_end();
  return ranges;
}

TEST(RecordRanges, JoinsWhatTouches) {
  RecordRanges ranges;
  for (const std::uint64_t n : {5u, 7u, 1u, 6u, 5u, 0u}) ranges.add(n);
  EXPECT_THAT(ranges.ranges(), ElementsAre(RecordRange{0, 2}, RecordRange{5, 8}));
  EXPECT_EQ(ranges.size(), 5u);
  EXPECT_TRUE(ranges.contains(7));
  EXPECT_FALSE(ranges.contains(8));
  EXPECT_FALSE(ranges.contains(2));
}

TEST(RecordRanges, AgreesWithASetOfNumbers) {
  RecordRanges ranges;
  std::set<std::uint64_t> numbers;
  std::uint64_t state = 1;
  for (int i = 0; i < 2000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t first = (state >> 40) % 300, length = (state >> 20) % 4;
    ranges.add(RecordRange{first, first + length});
    for (auto n = first; n < first + length; ++n) numbers.insert(n);
    if (numbers.size() > 250) {
      ranges = {};
      numbers.clear();
    }
    ASSERT_EQ(ranges.size(), numbers.size());
    for (std::uint64_t n = 0; n < 310; ++n) ASSERT_EQ(ranges.contains(n), numbers.contains(n));
    ASSERT_EQ(ranges.missing(305).size(), 305 - numbers.size());
  }
}

TEST(RecordRanges, NamesWhatIsMissingOfACount) {
  RecordRanges ranges;
  EXPECT_THAT(ranges.missing(3).ranges(), ElementsAre(RecordRange{0, 3}));
  ranges.add(RecordRange{1, 2});
  ranges.add(RecordRange{4, 100});
  EXPECT_THAT(ranges.missing(10).ranges(), ElementsAre(RecordRange{0, 1}, RecordRange{2, 4}));
  EXPECT_THAT(ranges.missing(0).ranges(), IsEmpty());
}

TEST(RecordRanges, ComeBackAsTheyWere) {
  RecordRanges ranges;
  ranges.add(RecordRange{0, 3});
  ranges.add(RecordRange{7, UINT64_MAX});
  Encoder out;
  encode_ranges(out, ranges);
  EXPECT_EQ(decoded(out.take()), ranges);
}

TEST(RecordRanges, NameTooMuchRatherThanTooLittleBeyondTheLimit) {
  RecordRanges ranges;
  for (std::uint64_t n = 0; n < kMaxRecordRanges + 10; ++n) ranges.add(2 * n);
  Encoder out;
  encode_ranges(out, ranges);
  const auto back = decoded(out.take());
  EXPECT_EQ(back.ranges().size(), kMaxRecordRanges);
  EXPECT_EQ(back.ranges().back().end, ranges.ranges().back().end);
}

TEST(RecordRanges, RefuseWhatIsNotCanonical) {
  EXPECT_THROW(decoded({2, 0, 1, 0, 1}), Error);  // touching
  EXPECT_THROW(decoded({1, 0, 0}), Error);        // empty
  EXPECT_THROW(decoded({2, 5, 1}), Error);        // one is missing
  Encoder beyond;
  beyond.varint(1).varint(UINT64_MAX).varint(1);
  EXPECT_THROW(decoded(beyond.take()), Error);
}

}  // namespace

}  // namespace courier
