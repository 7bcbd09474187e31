// The parent's half of confined frames, with the child's half played here, well and badly.
#include "parcel/frame_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/error_of.h"

namespace courier {
namespace {

using test::error_of;
using ::testing::HasSubstr;

FrameMessage want(std::uint32_t size, std::uint64_t place) {
  FrameMessage message;
  message.what = FrameMessageKind::want;
  message.size = size;
  message.place = place;
  return message;
}

FrameMessage found(std::uint64_t place, std::uint32_t size, FrameKind kind = FrameKind::record) {
  FrameMessage message;
  message.what = FrameMessageKind::frame;
  message.kind = static_cast<std::uint8_t>(kind);
  message.intact = true;
  message.size = size;
  message.number = 7;
  message.place = place;
  return message;
}

Bytes stream_of(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 31 >> 3);
  return bytes;
}

void expect_refused(const Error& error, const std::string& what) {
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  EXPECT_EQ(std::string(error.what()),
            "usb/a.pcl: the confined child that read it gave an answer that makes no sense (" +
                what + ")");
  EXPECT_THAT(error.loss(), HasSubstr("nothing was lost"));
}

class FrameWindowTest : public ::testing::Test {
 protected:
  const Bytes stream_ = stream_of(4000);
  FrameWindow window_{memory_source(stream_), "usb/a.pcl"};
};

TEST_F(FrameWindowTest, GivesTheStreamOnceAndTakesPayloadsFromItsOwnBytes) {
  EXPECT_EQ(to_bytes(window_.give(want(1000, 0))), to_bytes(ByteView(stream_).first(1000)));
  const Frame frame = window_.take(found(100, 500));
  EXPECT_EQ(frame.payload, to_bytes(ByteView(stream_).subspan(132, 500)));
  EXPECT_EQ(frame.number, 7u);
  EXPECT_EQ(frame.offset, 100u);
  EXPECT_EQ(to_bytes(window_.give(want(5000, 632))), to_bytes(ByteView(stream_).subspan(1000)));
  EXPECT_EQ(window_.take(found(632, 3336)).payload.size(), 3336u);
  EXPECT_TRUE(window_.give(want(1, 4000)).empty());
  FrameMessage end;
  end.skipped_bytes = 12;
  EXPECT_EQ(window_.end(end), 12u);
  EXPECT_EQ(window_.bytes_read(), 4000u);
}

TEST_F(FrameWindowTest, GivesWhatWasPeekedAtFirst) {
  EXPECT_EQ(window_.peek(200).size(), 200u);
  EXPECT_EQ(to_bytes(window_.give(want(1000, 0))), to_bytes(ByteView(stream_).first(200)));
  EXPECT_EQ(to_bytes(window_.give(want(1000, 0))), to_bytes(ByteView(stream_).subspan(200, 1000)));
}

TEST_F(FrameWindowTest, LetsGoOfWhatIsDone) {
  for (std::uint64_t at = 0; at < 4000; at += 100) {
    window_.give(want(100, at));
    EXPECT_LE(window_.size(), 200u);
  }
}

TEST_F(FrameWindowTest, RefusesAWantOfAHostileChild) {
  window_.give(want(1000, 0));
  expect_refused(error_of([&] { window_.give(want(0, 0)); }), "a want");
  expect_refused(error_of([&] { window_.give(want(1, 1001)); }), "a want");
  window_.give(want(1, 500));
  expect_refused(error_of([&] { window_.give(want(1, 499)); }), "a want");
  window_.give(want(UINT32_MAX, 1001));
  EXPECT_TRUE(window_.give(want(1, 4000)).empty());
  expect_refused(error_of([&] { window_.give(want(1, 4000)); }), "a want behind the end");
}

TEST_F(FrameWindowTest, RefusesAFrameThatCannotBeThere) {
  window_.give(want(1000, 0));
  expect_refused(error_of([&] { window_.take(found(969, 0)); }), "a frame where none can be");
  expect_refused(error_of([&] { window_.take(found(UINT64_MAX - 8, 0)); }),
                 "a frame where none can be");
  expect_refused(error_of([&] { window_.take(found(0, 969)); }), "a frame larger than it can be");
  window_.take(found(100, 500));
  expect_refused(error_of([&] { window_.take(found(631, 1)); }), "a frame where none can be");
  FrameMessage passed = found(700, 1);
  passed.skipped_bytes = 1001;
  expect_refused(error_of([&] { window_.take(passed); }), "more passed over than there is");
}

TEST_F(FrameWindowTest, RefusesAFrameBeyondTheLimitOfItsKind) {
  const Bytes large = stream_of(1u << 20);
  FrameWindow window{memory_source(large), "usb/a.pcl"};
  window.give(want(1u << 20, 0));
  const std::uint32_t limit = frame_limit(static_cast<std::uint8_t>(FrameKind::label));
  expect_refused(error_of([&] { window.take(found(0, limit + 1, FrameKind::label)); }),
                 "a frame larger than it can be");
  EXPECT_EQ(window.take(found(100, limit, FrameKind::label)).payload.size(), limit);
  expect_refused(error_of([&] { window.take(found(limit + 200, 1, FrameKind::recovery)); }),
                 "a frame larger than it can be");
}

TEST_F(FrameWindowTest, RefusesAnEndBeforeTheStreams) {
  window_.give(want(1000, 0));
  expect_refused(error_of([&] { window_.end({}); }), "an end");
}

TEST_F(FrameWindowTest, HoldsNoMoreThanItsBoundWhateverTheChildKeeps) {
  std::uint64_t given = 0;
  FrameWindow window{[](MutableByteView out) { return out.size(); }, "usb/a.pcl"};
  const Error error = error_of([&] {
    for (;;) {
      given += window.give(want(kMaxGiven, 0)).size();
      ASSERT_LE(window.size(), kMaxWindow);
    }
  });
  expect_refused(error, "a window without a bound");
  EXPECT_GT(given, kMaxFramePayload + kFrameHeaderSize);
}

TEST_F(FrameWindowTest, HoldsNoMoreThanItsBoundWhenTheChildMovesOnSlowly) {
  FrameWindow window{[](MutableByteView out) { return out.size(); }, "usb/a.pcl"};
  std::uint64_t given = 0;
  // As much behind as a child may be, and then as little done with each time as keeps it there.
  constexpr std::uint64_t kBehind = kMaxWindow - 2 * kMaxGiven;
  while (given < 3 * kMaxWindow) {
    given += window.give(want(kMaxGiven, given < kBehind ? 0 : given - kBehind)).size();
    ASSERT_LE(window.size(), kMaxWindow);
  }
}

TEST_F(FrameWindowTest, GoesOnAfterASourceThatFailedOnce) {
  bool failed = false;
  ByteSource all = memory_source(stream_);
  FrameWindow window{[&](MutableByteView out) -> std::size_t {
                       if (!std::exchange(failed, true)) {
                         throw Error(ErrorCode::device, "drive", "cannot be read");
                       }
                       return all(out);
                     },
                     "usb/a.pcl"};
  EXPECT_EQ(error_of([&] { window.give(want(4000, 0)); }).code(), ErrorCode::device);
  EXPECT_EQ(to_bytes(window.give(want(4000, 0))), stream_);
}

TEST(FrameMessage, IsReadAsItWasWritten) {
  FrameMessage message = found(1u << 30, 77);
  message.oversized = true;
  message.skipped_bytes = 5;
  const FrameMessage again = parse_frame_message(encode(message), "x");
  EXPECT_EQ(encode(again), encode(message));
  EXPECT_EQ(again.place, 1u << 30);
  EXPECT_EQ(again.size, 77u);
  EXPECT_EQ(again.skipped_bytes, 5u);
}

TEST(FrameMessage, OfAnotherFormIsRefused) {
  const auto good = encode(found(0, 1));
  for (const std::size_t at : {0u, 2u, 3u, 39u}) {
    auto bad = good;
    bad[at] = 9;
    expect_refused(error_of([&] { parse_frame_message(bad, "usb/a.pcl"); }), "no message");
  }
  expect_refused(error_of([&] { parse_frame_message(ByteView(good).first(39), "usb/a.pcl"); }),
                 "no message");
}

}  // namespace
}  // namespace courier
