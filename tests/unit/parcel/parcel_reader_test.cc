#include "parcel/parcel_reader.h"

#include "tests/support/error_of.h"
#include "tests/support/plain_frames.h"
#include "tests/unit/parcel/parcel_fixture.h"

namespace courier {

namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ParcelReaderTest : public ParcelTest {};

TEST_F(ParcelReaderTest, GivesBackWhatTheWriterWasGiven) {
  const auto blocks = some_blocks(5);
  const Bytes parcel = build(draft({&pse_}), blocks, pun_);
  const Reading reading = read(parcel);
  ASSERT_FALSE(reading.refused) << reading.message;
  ASSERT_TRUE(reading.is_whole(5));
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(reading.records[i].number, i);
    EXPECT_EQ(reading.records[i].block, blocks[i]);
  }
  EXPECT_EQ(reading.packing_list, draft({&pse_}).packing_list);
  EXPECT_EQ(reading.label.title(), "PUN-PSE-000012");
  EXPECT_EQ(reading.label.name, "Åre kiosk");
  EXPECT_EQ(reading.label.sender.name, "Site PUN");
  EXPECT_EQ(reading.label.sender.incarnation, pun_.incarnation());
  EXPECT_EQ(reading.label.created, clock_.now());
  EXPECT_EQ(reading.label.item_count, 1u);
  EXPECT_EQ(reading.tail.record_count, 5u);
}

TEST_F(ParcelReaderTest, ReadsAParcelWithoutRecords) {
  EXPECT_TRUE(read(build(draft({&pse_}), {}, pun_)).is_whole(0));
}

TEST_F(ParcelReaderTest, ReadsTheSameFromASourceThatGivesOneByteAtATime) {
  const Bytes parcel = build();
  std::size_t at = 0;
  ParcelReader reader(test::plain_frames([&](MutableByteView out) -> std::size_t {
                        if (at == parcel.size() || out.empty()) return 0;
                        out[0] = parcel[at++];
                        return 1;
                      }),
                      "pipe");
  const VerifiedHead head = verify_head(reader.read_head(), pun_.public_keys().signing);
  std::size_t records = 0;
  while (auto raw = reader.next_record()) records += raw->intact;
  EXPECT_EQ(records, 3u);
  EXPECT_EQ(reader.finish(head).end, EndState::genuine);
  EXPECT_EQ(reader.bytes_read(), parcel.size());
}

TEST_F(ParcelReaderTest, ReadsAVolumeWhoseHeadIsDamagedWithTheHeadOfAnother) {
  const Bytes parcel = build();
  const auto reader_of = [](const Bytes& bytes) {
    return ParcelReader(test::plain_frames(memory_source(bytes)), "volume");
  };
  ParcelReader whole = reader_of(parcel);
  const ParcelHead good = whole.read_head();
  const VerifiedHead head = verify_head(good, pun_.public_keys().signing);
  const auto frames = test::take_apart(parcel);
  for (const std::size_t part : {test::kVolumeAt, test::kLabelAt, test::kListAt}) {
    Bytes damaged = parcel;
    damaged[test::offset_of(frames, part) + kFrameHeaderSize + 5] ^= 1;
    ParcelReader refused = reader_of(damaged);
    EXPECT_EQ(test::error_of([&] { refused.read_head(); }).code(), ErrorCode::damaged);
    // Volume header and label each say whose it is.
    EXPECT_EQ(refused.stated_label(), good.label_digest) << part;
    EXPECT_EQ(refused.stated_volume().has_value(), part != test::kVolumeAt);
    ParcelReader again = reader_of(damaged);
    again.borrow_head(head);
    std::size_t records = 0;
    while (const auto raw = again.next_record()) {
      records +=
          authenticate(*raw, head.label_digest(), head.label().parcel_key) == RecordStatus::ok;
    }
    EXPECT_EQ(records, 3u);
    EXPECT_EQ(again.finish(head).end, EndState::genuine);
  }
  // With both gone nobody knows.
  Bytes unknown = parcel;
  for (const std::size_t part : {test::kVolumeAt, test::kLabelAt}) {
    unknown[test::offset_of(frames, part) + kFrameHeaderSize + 5] ^= 1;
  }
  ParcelReader refused = reader_of(unknown);
  EXPECT_THROW(refused.read_head(), Error);
  EXPECT_FALSE(refused.stated_label());
}

TEST_F(ParcelReaderTest, OpensOnePayloadForEachOfItsAddressees) {
  ParcelDraft both = draft({&tex_, &pse_});
  both.addressees[0].number = 3;
  both.addressees[1].number = 12;
  both.packing_list.items[0].jobs = {70, 71};  // TEX, PSE
  const Bytes parcel = build(both, some_blocks(), pun_);
  for (const KeyRing* site : {&pse_, &tex_}) {
    const Reading reading = read(parcel, *site);
    ASSERT_TRUE(reading.is_whole(3)) << reading.message;
    EXPECT_EQ(reading.label.title(), "PUN-PSE-000012 (and 1 more)");
    // Written by code, and the jobs with them.
    EXPECT_THAT(reading.packing_list.items[0].jobs, ElementsAre(71, 70));
    const auto* addressee = reading.label.find(tex_.code());
    ASSERT_NE(addressee, nullptr);
    EXPECT_EQ(reading.label.id_for(*addressee).str(), "PUN-TEX-000003");
  }
}

TEST_F(ParcelReaderTest, RefusesASiteThatIsNoAddressee) {
  const Reading reading = read(build(), tex_);
  EXPECT_EQ(reading.refused, ErrorCode::not_addressed);
  EXPECT_EQ(reading.message, "PUN-PSE-000012: is addressed to PSE, not to TEX");
}

TEST_F(ParcelReaderTest, SaysThatItsKeyIsNotHereWhenTheSlotIsForAnother) {
  // PSE was built anew: same code, other keys.
  const KeyRing other = [&] {
    std::filesystem::create_directories(folder_ / "again");
    return KeyRing::create(fs_, folder_ / "again", pse_.code(), "x", entropy_, clock_);
  }();
  const Reading reading = read(build(), other);
  EXPECT_EQ(reading.refused, ErrorCode::no_key);
  EXPECT_EQ(reading.message, "PUN-PSE-000012: is sealed to a key that this site does not have");
}

TEST_F(ParcelReaderTest, OpensWhatWasSealedToAnEarlierKeyOfTheSite) {
  const Bytes parcel = build();
  pse_.rotate();
  EXPECT_TRUE(read(parcel).is_whole(3));
}

TEST_F(ParcelReaderTest, RefusesASignerOtherThanTheTrustedKey) {
  const Bytes parcel = build(draft({&pse_}), some_blocks(), tex_);
  const Reading reading = read(parcel);
  EXPECT_EQ(reading.refused, ErrorCode::bad_signature);
  EXPECT_EQ(reading.message, "TEX-PSE-000012: its label is not signed by the key of TEX it names");
}

TEST_F(ParcelReaderTest, SaysOfOtherFilesThatTheyAreNoParcel) {
  for (const std::string& text : {std::string(), std::string("hello"), std::string(4096, '\0')}) {
    const Reading reading = read(as_bytes(text));
    EXPECT_EQ(reading.refused, ErrorCode::damaged);
    EXPECT_EQ(reading.message, "usb/a.pcl: is no parcel");
  }
}

TEST_F(ParcelReaderTest, TakesADamagedBeginningForADamagedParcel) {
  Bytes parcel = build();
  parcel[0] ^= 1;
  const Reading reading = read(parcel);
  EXPECT_EQ(reading.refused, ErrorCode::damaged);
  EXPECT_EQ(reading.message, "usb/a.pcl: has no volume header where it belongs");
  EXPECT_THAT(reading.hint, HasSubstr("try another copy"));
}

// One bit in each byte, all over the file: nothing passes as it was.
TEST_F(ParcelReaderTest, NoticesEachFlippedBit) {
  const Bytes parcel = build();
  const auto frames = take_apart(parcel);
  std::size_t begin = 0;
  for (std::size_t f = 0; f < frames.size(); ++f) {
    const std::size_t end = begin + kFrameHeaderSize + frames[f].payload.size();
    for (std::size_t at = begin; at < end; ++at) {
      Bytes bad = parcel;
      bad[at] ^= static_cast<std::uint8_t>(1u << at % 8);
      const Reading reading = read(bad);
      ASSERT_FALSE(reading.is_whole(3)) << "byte " << at;
      if (f < 4) {
        ASSERT_EQ(reading.refused, ErrorCode::damaged) << "byte " << at;
      } else if (frames[f].frame_kind() == FrameKind::record) {
        ASSERT_FALSE(reading.refused) << reading.message;
        const auto missing = reading.good().missing(3);
        ASSERT_THAT(missing.ranges(),
                    ElementsAre(RecordRange{frames[f].number, frames[f].number + 1}));
        ASSERT_EQ(reading.tail.end, EndState::genuine);
      } else {
        ASSERT_TRUE(reading.good().missing(3).empty());
        ASSERT_TRUE(reading.tail.is_damaged());
      }
    }
    begin = end;
  }
}

// The same, by someone who makes the checksums right again.
TEST_F(ParcelReaderTest, NoticesEachFlippedBitUnderRightChecksums) {
  const Bytes parcel = build();
  const auto frames = take_apart(parcel);
  for (std::size_t f = 1; f < frames.size(); ++f) {
    for (std::size_t at = 0; at < frames[f].payload.size(); ++at) {
      auto changed = frames;
      changed[f].payload[at] ^= static_cast<std::uint8_t>(1u << at % 8);
      if (f == 1 && at < changed[1].payload.size() - kSignatureSize) {
        VolumeHeader volume = parse_volume_header(changed[0].payload);
        volume.label_digest =
            label_digest(ByteView(changed[1].payload).first(changed[1].payload.size() - 64));
        changed[0].payload = encode_volume_header(volume);
      }
      const Reading reading = read(put_together(changed));
      ASSERT_FALSE(reading.is_whole(3)) << "frame " << f << " byte " << at;
      if (f < 4) {
        ASSERT_TRUE(reading.refused == ErrorCode::bad_signature ||
                    reading.refused == ErrorCode::unsupported ||
                    reading.refused == ErrorCode::damaged)
            << reading.message;
      } else if (frames[f].frame_kind() == FrameKind::record) {
        ASSERT_EQ(reading.records[frames[f].number].status, RecordStatus::forged);
        ASSERT_EQ(reading.good().size(), 2u);
      } else {
        ASSERT_EQ(reading.tail.end, EndState::forged);
      }
    }
  }
}

TEST_F(ParcelReaderTest, FindsEveryTruncation) {
  const Bytes parcel = build();
  const auto frames = take_apart(parcel);
  std::size_t begin = 0;
  for (std::size_t f = 0; f < frames.size(); ++f) {
    const std::size_t size = kFrameHeaderSize + frames[f].payload.size();
    for (const std::size_t cut :
         {begin, begin + 1, begin + kFrameHeaderSize, begin + kFrameHeaderSize + 1,
          begin + size / 2 + 16, begin + size - 1}) {
      const Reading reading = read(ByteView(parcel).first(cut));
      ASSERT_FALSE(reading.is_whole(3)) << "cut at " << cut;
      if (f < 4) {
        ASSERT_EQ(reading.refused, ErrorCode::damaged) << "cut at " << cut;
      } else {
        ASSERT_FALSE(reading.refused) << reading.message;
        ASSERT_EQ(reading.good().size(), f - 4);
        ASSERT_EQ(reading.tail.end, cut == begin || frames[f].kind == 5 || cut < begin + 32
                                        ? EndState::not_seen
                                        : EndState::damaged);
        ASSERT_EQ(reading.tail.record_count, std::nullopt);
      }
    }
    begin += size;
  }
}

TEST_F(ParcelReaderTest, NamesWhereATruncatedHeadEnds) {
  const Bytes parcel = build();
  const Reading reading = read(ByteView(parcel).first(160));
  EXPECT_EQ(reading.message, "usb/a.pcl: ends before its label, after 160 bytes");
}

TEST_F(ParcelReaderTest, GoesOnBehindLostBytes) {
  const Bytes parcel = build(draft({&pse_}), some_blocks(6), pun_);
  const auto frames = take_apart(parcel);
  std::size_t begin = 0;
  for (std::size_t f = 0; f < 5; ++f) begin += kFrameHeaderSize + frames[f].payload.size();
  // The middle of record 1 to the middle of record 2 is not there at all.
  const std::size_t size = kFrameHeaderSize + frames[5].payload.size();
  Bytes bad(parcel.begin(), parcel.begin() + static_cast<std::ptrdiff_t>(begin + size / 2));
  bad.insert(bad.end(), parcel.begin() + static_cast<std::ptrdiff_t>(begin + size + size / 2),
             parcel.end());
  const Reading reading = read(bad);
  EXPECT_THAT(reading.good().missing(6).ranges(), ElementsAre(RecordRange{1, 3}));
  EXPECT_EQ(reading.tail.end, EndState::genuine);
  EXPECT_GT(reading.tail.damaged_bytes, 0u);
}

TEST_F(ParcelReaderTest, GoesOnBehindInsertedRubbish) {
  const Bytes parcel = build();
  const auto frames = take_apart(parcel);
  std::size_t begin = 0;
  for (std::size_t f = 0; f < 5; ++f) begin += kFrameHeaderSize + frames[f].payload.size();
  Bytes bad = parcel;
  Bytes rubbish(100'000, 0xF5);
  bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(begin), rubbish.begin(), rubbish.end());
  const Reading reading = read(bad);
  EXPECT_TRUE(reading.good().missing(3).empty());
  EXPECT_EQ(reading.tail.damaged_bytes, rubbish.size());
}

TEST_F(ParcelReaderTest, SkipsRecoveryDataAndUnknownFramesAnywhereBehindTheVolumeHeader) {
  auto frames = take_apart(build());
  for (std::size_t at = frames.size(); at >= 1; --at) {
    frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(at), {7, 9, Bytes(1000, 1)});
    frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(at), {99, 0, Bytes(70'000, 2)});
  }
  EXPECT_TRUE(read(put_together(frames)).is_whole(3));
}

TEST_F(ParcelReaderTest, GoesOnAfterASourceThatFailedOnce) {
  const Bytes parcel = build(draft({&pse_}), some_blocks(3, 300'000), pun_);
  ByteSource all = memory_source(parcel);
  bool failed = false;
  std::size_t given = 0;
  ParcelReader reader(test::plain_frames([&](MutableByteView out) {
                        if (given > 500'000 && !std::exchange(failed, true)) {
                          throw Error(ErrorCode::device, "drive", "cannot be read");
                        }
                        const std::size_t got = all(out);
                        given += got;
                        return got;
                      }),
                      "drive");
  reader.read_head();
  std::size_t intact = 0;
  for (;;) {
    try {
      const auto raw = reader.next_record();
      if (!raw) break;
      intact += raw->intact;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::device);
    }
  }
  EXPECT_TRUE(failed);
  EXPECT_EQ(intact, 3u);
}

TEST_F(ParcelReaderTest, StopsAtTheGenuineEnd) {
  Bytes parcel = build();
  parcel.insert(parcel.end(), 5000, 0);
  EXPECT_TRUE(read(parcel).is_whole(3));
}

// Lengths: each frame's, set to what is beyond its kind's limit.
TEST_F(ParcelReaderTest, BelievesNoLengthBeyondALimit) {
  const Bytes parcel = build();
  const auto frames = take_apart(parcel);
  std::size_t begin = 0;
  for (std::size_t f = 0; f < frames.size(); ++f) {
    const std::size_t size = kFrameHeaderSize + frames[f].payload.size();
    for (const std::uint32_t stated : {kMaxFramePayload + 1, 0xffffffffu, kMaxFramePayload}) {
      Bytes bad = parcel;
      test::state_length(bad, begin, stated);
      const Reading reading = read(bad);
      if (f < 4) {
        ASSERT_EQ(reading.refused, ErrorCode::damaged);
        ASSERT_THAT(reading.message, HasSubstr("which is beyond the limit"));
      } else {
        ASSERT_FALSE(reading.is_whole(3));
        ASSERT_GE(reading.good().size(), 2u);
      }
    }
    begin += size;
  }
}

TEST_F(ParcelReaderTest, SaysWhatEndAndLabelSayOfTheCount) {
  ParcelDraft counted = draft({&pse_});
  counted.record_count = 3;
  auto frames = take_apart(build(counted, some_blocks(), pun_));
  EXPECT_TRUE(read(put_together(frames)).is_whole(3));
  frames.pop_back();
  const Reading reading = read(put_together(frames));
  EXPECT_EQ(reading.tail.end, EndState::not_seen);
  EXPECT_EQ(reading.tail.record_count, 3u);
  EXPECT_FALSE(reading.tail.is_damaged());
}

TEST_F(ParcelReaderTest, RefusesAnEndWithAnotherCount) {
  auto frames = take_apart(build());
  frames.back().payload[0] = 2;
  const Reading reading = read(put_together(frames));
  EXPECT_EQ(reading.tail.end, EndState::forged);
  EXPECT_EQ(reading.tail.record_count, std::nullopt);
}

TEST_F(ParcelReaderTest, ReadsFramesThatClaimRecordsInBoundedWork) {
  // Headers of 1 MiB records, one behind the other: each would be searched through.
  Bytes bad = build();
  const Bytes big(1 << 20);
  const auto header = encode_frame_header(FrameKind::record, 1, big);
  for (int i = 0; i < 200'000; ++i) bad.insert(bad.end() - 104, header.begin(), header.end());
  const Reading reading = read(bad);
  EXPECT_EQ(reading.good().size(), 3u);
  EXPECT_LT(reading.records.size(), 3u + FrameStream::kMaxSearches + 10);
}

}  // namespace

}  // namespace courier
