// Frames from a confined child are the frames that the bytes hold, whatever the bytes are.
#include "parcel/confined_frames.h"

#include "tests/support/plain_frames.h"
#include "tests/support/test_workers.h"
#include "tests/unit/parcel/parcel_fixture.h"

namespace courier {
namespace {

const test::TestWorker kFrames{frame_worker()};

class ConfinedFramesTest : public ParcelTest {
 protected:
  // What a source says of its stream, all of it.
  static std::string story_of(FrameSource& frames) {
    std::string story;
    while (const auto frame = frames.next()) {
      story += std::to_string(frame->kind) + " " + std::to_string(frame->number) + " at " +
               std::to_string(frame->offset) + " behind " + std::to_string(frame->skipped_bytes) +
               (frame->intact ? " intact " : " not ") + (frame->oversized ? "oversized " : "") +
               std::to_string(frame->stated_size) + " " +
               digest_of(DigestKind::file, frame->payload).brief() + "\n";
    }
    return story + std::to_string(frames.trailing_bytes()) + " of " +
           std::to_string(frames.bytes_read());
  }
  static void expect_the_same(const Bytes& stream) {
    const auto confined = confined_frames(memory_source(stream), "usb/a.pcl");
    const auto plain = test::plain_frames(memory_source(stream));
    EXPECT_EQ(story_of(*confined), story_of(*plain));
  }
};

TEST_F(ConfinedFramesTest, AreThoseOfTheBytes) {
  expect_the_same(build(draft({&pse_}), some_blocks(5, 300'000), pun_));
}

TEST_F(ConfinedFramesTest, AreThoseOfDamagedBytes) {
  const Bytes parcel = build(draft({&pse_}), some_blocks(4, 40'000), pun_);
  for (std::size_t n = 0; n < 40; ++n) {
    Bytes bad = parcel;
    bad[parcel.size() * n / 40] ^= 0x20;
    expect_the_same(bad);
  }
}

TEST_F(ConfinedFramesTest, AreThoseOfBytesCutAnywhereAndOfLostBytes) {
  const Bytes parcel = build(draft({&pse_}), some_blocks(3, 40'000), pun_);
  for (std::size_t n = 0; n < 10; ++n) {
    const auto at = parcel.begin() + static_cast<std::ptrdiff_t>(parcel.size() * n / 10);
    expect_the_same(Bytes(parcel.begin(), at));
    Bytes lost = parcel;
    lost.erase(lost.begin() + (at - parcel.begin()),
               std::min(lost.end(), lost.begin() + (at - parcel.begin()) + 100));
    expect_the_same(lost);
  }
}

TEST_F(ConfinedFramesTest, AreThoseOfRubbish) {
  expect_the_same({});
  expect_the_same(Bytes(5));
  expect_the_same(Bytes(3'000'000, 0xF5));
  // Headers alone: each begins a search of what is behind it.
  Bytes headers;
  for (int i = 0; i < 300; ++i) {
    const auto header = encode_frame_header(FrameKind::record, 1, Bytes(20'000, 7));
    headers.insert(headers.end(), header.begin(), header.end());
  }
  expect_the_same(headers);
}

TEST_F(ConfinedFramesTest, ReadTheirSourceNoFurtherThanPlainOnes) {
  const Bytes parcel = build(draft({&pse_}), some_blocks(6, 600'000), pun_);
  const auto confined = confined_frames(memory_source(parcel), "usb/a.pcl");
  const auto plain = test::plain_frames(memory_source(parcel));
  for (int part = 0; part < 5; ++part) {
    confined->next();
    plain->next();
    EXPECT_EQ(confined->bytes_read(), plain->bytes_read());
  }
  EXPECT_LT(confined->bytes_read(), parcel.size());
}

TEST_F(ConfinedFramesTest, GoOnAfterASourceThatFailedOnce) {
  const Bytes parcel = build(draft({&pse_}), some_blocks(3, 300'000), pun_);
  ByteSource all = memory_source(parcel);
  std::size_t calls = 0;
  const auto confined = confined_frames(
      [&](MutableByteView out) {
        if (++calls == 3) throw Error(ErrorCode::device, "drive", "cannot be read");
        return all(out);
      },
      "drive");
  std::size_t records = 0;
  for (;;) {
    try {
      const auto frame = confined->next();
      if (!frame) break;
      records += frame->kind == static_cast<std::uint8_t>(FrameKind::record);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::device);
    }
  }
  EXPECT_GT(calls, 3u);
  EXPECT_EQ(records, 3u);
}

}  // namespace
}  // namespace courier
