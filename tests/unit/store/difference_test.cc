#include "store/difference.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "base/codec.h"
#include "store/difference_matcher.h"
#include "tests/support/error_of.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;
using test::random_bytes;

constexpr Level kLevels[] = {Level::fast, Level::standard, Level::small};

// A program as a linker would make it: code with 32-bit distances that all grow by `shift`.
Bytes linked(std::uint64_t seed, std::size_t size, std::uint32_t shift) {
  std::mt19937_64 random(seed);
  Bytes out = random_bytes(random, size);
  for (std::size_t at = 10; at + 4 <= size; at += 12 + random() % 40) {
    const auto distance = static_cast<std::uint32_t>(random() % 100'000) + shift;
    std::memcpy(out.data() + at, &distance, 4);
  }
  return out;
}

void insert(Bytes& into, std::size_t at, const Bytes& what) {
  into.insert(into.begin() + static_cast<std::ptrdiff_t>(at), what.begin(), what.end());
}

std::size_t round_trip(const Bytes& raw, const Bytes& base, Level level) {
  const Bytes coded = encode_difference(raw, base, level);
  if (coded.empty()) return raw.size();
  EXPECT_EQ(decode_difference(coded, base, static_cast<std::uint32_t>(raw.size())), raw);
  return coded.size();
}

TEST(Difference, OfAProgramLinkedAnewIsAFractionOfWhatAPrefixSaves) {
  const Bytes base = linked(1, 400'000, 0);
  Bytes raw = linked(1, 400'000, 0x12340);
  std::mt19937_64 random(2);
  insert(raw, 100'000, random_bytes(random, 1'000));
  for (const Level level : kLevels) {
    const std::size_t size = round_trip(raw, base, level);
    EXPECT_LT(size, 20'000u);
    EXPECT_LT(size, encode_prefix(raw, base, level).size() / 2);
  }
}

TEST(Difference, GivesBackWhatItWasMadeOf) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 60; ++i) {
    const Bytes base = i % 2 == 0 ? random_bytes(random, 1 + random() % 30'000)
                                  : test::prose(random, 1 + random() % 30'000);
    Bytes raw;
    for (int part = 0; part < 5; ++part) {
      const std::size_t from = random() % base.size();
      const std::size_t length = 1 + random() % (base.size() - from);
      insert(raw, random() % (raw.size() + 1), to_bytes(ByteView(base).subspan(from, length)));
      insert(raw, random() % (raw.size() + 1), random_bytes(random, random() % 50));
    }
    for (int change = 0; change < 100; ++change) raw[random() % raw.size()] ^= 0x21;
    round_trip(raw, base, kLevels[i % 3]);
  }
}

TEST(Difference, OfTheSmallestAndTheMostUniformContent) {
  for (const Level level : kLevels) {
    for (const std::size_t size : {1u, 2u, 3u, 7u, 8u, 9u, 40u, 5'000u}) {
      for (const std::size_t base_size : {1u, 4u, 7u, 8u, 9u, 33u, 5'000u}) {
        round_trip(Bytes(size, 0), Bytes(base_size, 0), level);
        round_trip(Bytes(size, 7), Bytes(base_size, 0), level);
      }
    }
  }
}

TEST(Difference, OfTheLargestContentAndBase) {
  Bytes base = linked(4, kMaxBase, 0);
  Bytes raw(base.end() - kMaxBlockRaw, base.end());
  raw[5] ^= 1;
  raw.back() ^= 0x80;
  EXPECT_LT(round_trip(raw, base, Level::standard), 100u);
}

TEST(Difference, FindsWhatWasMovedAnywhereInTheBase) {
  std::mt19937_64 random(5);
  const Bytes base = random_bytes(random, 200'000);
  Bytes raw;
  for (std::size_t at = base.size(); at >= 10'000; at -= 10'000) {
    const auto part = ByteView(base).subspan(at - 10'000, 10'000);
    raw.insert(raw.end(), part.begin(), part.end());
  }
  for (const Level level : kLevels) EXPECT_LT(round_trip(raw, base, level), 200u);
}

TEST(Difference, IsNothingWhereItSavesNothing) {
  std::mt19937_64 random(6);
  const Bytes base = random_bytes(random, 10'000);
  EXPECT_TRUE(encode_difference(random_bytes(random, 10'000), base, Level::standard).empty());
  EXPECT_TRUE(encode_difference(Bytes{1}, base, Level::standard).empty());
  EXPECT_TRUE(encode_prefix(Bytes{1}, base, Level::standard).empty());
}

TEST(DifferenceSteps, FollowOneAnotherWithinBoth) {
  const Bytes base = linked(7, 100'000, 0);
  Bytes raw = linked(7, 100'000, 500);
  insert(raw, 30'000, Bytes(300, 1));
  raw.erase(raw.begin() + 60'000, raw.begin() + 61'000);
  for (const Level level : kLevels) {
    std::size_t at = 0;
    for (const auto& step : difference_steps(raw, base, level)) {
      ASSERT_GE(step.length, 1u);
      at += std::size_t{step.literals} + step.length;
      ASSERT_LE(at, raw.size());
      ASSERT_LE(std::size_t{step.source} + step.length, base.size());
    }
    EXPECT_GT(at, 99'000u);
  }
}

// One stream as it is.
void put(Encoder& out, const Bytes& stream) { out.varint(stream.size()).bytes(stream); }

using Streams = std::array<Bytes, 6>;

Bytes coded_of(const Streams& streams) {
  Encoder out;
  for (const auto& stream : streams) put(out, stream);
  return out.take();
}

TEST(DifferenceDecoder, DoesAsTheTableSays) {
  const Bytes base = to_bytes(as_bytes("base buffer"));
  const Streams streams = {Bytes{4, 1}, Bytes{4, 1}, Bytes{8, 2},
                           Bytes{1, 4}, Bytes{2, 1}, Bytes{'B', 'A', 'S', 'E', 'X', '!'}};
  // "BASE" + " buf" + "X" + "e" + "!", then +1 at byte 1, then -1 at byte 9, with two bytes left.
  EXPECT_EQ(as_text(decode_difference(coded_of(streams), base, 11)), "BBSE bufXd!");
}

TEST(DifferenceDecoder, RefusesWhatIsNotAsTheTableSays) {
  const Bytes base = to_bytes(as_bytes("base buffer"));
  const Streams good = {Bytes{4, 1}, Bytes{4, 1}, Bytes{8, 2},
                        Bytes{1, 4}, Bytes{2, 1}, Bytes{'B', 'A', 'S', 'E', 'X', '!'}};
  const auto refused = [&](const std::function<void(Streams&)>& change) {
    Streams streams = good;
    change(streams);
    return error_of([&] { decode_difference(coded_of(streams), base, 11); }).code() ==
           ErrorCode::damaged;
  };
  EXPECT_TRUE(refused([](Streams& s) { s[0].push_back(0); }));    // a literal run too many
  EXPECT_TRUE(refused([](Streams& s) { s[0].pop_back(); }));      // too few
  EXPECT_TRUE(refused([](Streams& s) { s[0][0] = 7; }));          // more than there are
  EXPECT_TRUE(refused([](Streams& s) { s[1].push_back(1); }));    // a copy run too many
  EXPECT_TRUE(refused([](Streams& s) { s[1][0] = 0; }));          // of nothing
  EXPECT_TRUE(refused([](Streams& s) { s[1][0] = 8; }));          // beyond the base
  EXPECT_TRUE(refused([](Streams& s) { s[1][1] = 2; }));          // beyond the content
  EXPECT_TRUE(refused([](Streams& s) { s[1][1] = 0x80; }));       // a number that ends early
  EXPECT_TRUE(refused([](Streams& s) { s[1] = {4, 0x81, 0}; }));  // not the shortest form
  EXPECT_TRUE(refused([](Streams& s) { s[2].push_back(0); }));    // a seek too many
  EXPECT_TRUE(refused([](Streams& s) { s[2].clear(); }));         // too few
  EXPECT_TRUE(refused([](Streams& s) { s[2][0] = 1; }));          // before the base
  EXPECT_TRUE(refused([](Streams& s) { s[2] = {0xff, 0xff, 0xff, 0xff, 0x1f, 2}; }));
  EXPECT_TRUE(refused([](Streams& s) { s[3].push_back(0); }));  // a gap too many
  EXPECT_TRUE(refused([](Streams& s) { s[3][0] = 11; }));       // beyond the content
  EXPECT_TRUE(refused([](Streams& s) { s[3] = {0xfe, 0xff, 0xff, 0xff, 0x0f, 0}; }));
  EXPECT_TRUE(refused([](Streams& s) { s[4].push_back(0); }));  // a correction too many
  EXPECT_TRUE(refused([](Streams& s) { s[5].push_back(0); }));  // a literal too many
  EXPECT_TRUE(refused([](Streams& s) { s[5] = Bytes(12); }));   // more than the content
  Bytes behind = coded_of(good);
  behind.push_back(0);
  EXPECT_EQ(error_of([&] { decode_difference(behind, base, 11); }).code(), ErrorCode::damaged);
}

TEST(DifferenceDecoder, RefusesAStreamThatIsLargerThanItSays) {
  Encoder out;
  for (int i = 0; i < 5; ++i) put(out, {});
  out.varint(3).bytes(Bytes{1, 2, 3, 4});
  EXPECT_EQ(error_of([&] { decode_difference(out.view(), Bytes{1}, 3); }).code(),
            ErrorCode::damaged);
  Encoder more;
  for (int i = 0; i < 5; ++i) put(more, {});
  more.varint(4).bytes(Bytes{1, 2, 3, 4});
  EXPECT_EQ(error_of([&] { decode_difference(more.view(), Bytes{1}, 3); }).code(),
            ErrorCode::damaged);
}

TEST(DifferenceDecoder, RefusesEveryTruncation) {
  const Bytes base = linked(8, 3'000, 0), raw = linked(8, 3'000, 77);
  const Bytes coded = encode_difference(raw, base, Level::standard);
  ASSERT_FALSE(coded.empty());
  for (std::size_t size = 0; size < coded.size(); ++size) {
    EXPECT_EQ(error_of([&] { decode_difference(ByteView(coded).first(size), base, 3'000); }).code(),
              ErrorCode::damaged);
  }
}

}  // namespace
}  // namespace courier
