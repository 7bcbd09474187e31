// Parcels made wrong by someone who can sign: another addressee, another trusted site, the sender
// itself.
#include "parcel/aead.h"
#include "parcel/key_slots.h"
#include "signer/sealed_box.h"
#include "tests/support/plain_frames.h"
#include "tests/unit/parcel/parcel_fixture.h"

namespace courier {

namespace {

using ::testing::HasSubstr;

class HostileParcel : public ParcelTest {
 protected:
  // What an addressee knows of a parcel: its content key.
  Secret content_key_of(ByteView parcel, const KeyRing& addressee, std::size_t slot = 0) {
    const auto frames = take_apart(parcel);
    const ByteView box = ByteView(frames[2].payload).subspan(slot * kKeySlotSize, kKeySlotSize);
    const auto plaintext = addressee.open_sealed(box);
    EXPECT_TRUE(plaintext.has_value());
    return Secret::copy_of(plaintext->view().first(kContentKeySize));
  }

  static Label label_of(ByteView parcel) {
    return ParcelReader(test::plain_frames(memory_source(parcel)), "x").read_head().label;
  }
  static Digest label_digest_of(ByteView parcel) {
    return ParcelReader(test::plain_frames(memory_source(parcel)), "x").read_head().label_digest;
  }

  // A label changed by its own sender: right signature, whatever it says.
  Bytes resigned(ByteView parcel, const std::function<void(Label&)>& change) {
    return with_label(parcel, change, pun_);
  }
};

TEST_F(HostileParcel, WithANewerVersionIsRefusedBeforeItsSignatureIsLookedAt) {
  const Bytes bad = with_label_body(
      build(), [](Bytes& body) { body[0] = 2; }, tex_);
  const Reading reading = read(bad);
  EXPECT_EQ(reading.refused, ErrorCode::unsupported);
  EXPECT_EQ(reading.message,
            "label of usb/a.pcl: is of format version 2, this courier reads up to 1");
}

TEST_F(HostileParcel, WithAnUnknownCriticalFeatureIsRefused) {
  const Reading reading = read(with_label_body(
      build(), [](Bytes& body) { body[2] = 4; }, tex_));
  EXPECT_EQ(reading.refused, ErrorCode::unsupported);
  EXPECT_EQ(reading.message,
            "label of usb/a.pcl: needs features that this courier does not know (0x4)");
}

TEST_F(HostileParcel, WithAnUnknownOptionalFeatureIsRead) {
  EXPECT_TRUE(resigned(build(), [](Label& label) { label.optional_features = 4; }).size() > 0);
  // The records are bound to the label, so the sender writes it so from the start.
  ParcelDraft with = draft({&pse_});
  with.optional_features = 4;
  with.extensions = {{9, Bytes{1, 2, 3}}};
  const Reading reading = read(build(with, some_blocks(), pun_));
  EXPECT_TRUE(reading.is_whole(3));
  EXPECT_EQ(reading.label.optional_features, 4u);
  EXPECT_EQ(reading.label.extensions, with.extensions);
}

TEST_F(HostileParcel, WithAnUnknownAlgorithmIsRefused) {
  for (const std::size_t at : {18u, 19u}) {
    const Reading reading = read(with_label_body(
        build(), [&](Bytes& body) { body[at] = 0; }, tex_));
    EXPECT_EQ(reading.refused, ErrorCode::unsupported);
    EXPECT_THAT(reading.message, HasSubstr("with algorithm 0, which is not known"));
  }
}

TEST_F(HostileParcel, WithAChangedLabelUnderTheOldSignatureIsRefused) {
  auto frames = take_apart(build());
  Bytes& label = frames[1].payload;
  const Bytes signature(label.end() - kSignatureSize, label.end());
  Label changed = parse_label(ByteView(label).first(label.size() - kSignatureSize));
  changed.comment = "from me";
  label = encode_label(changed);
  VolumeHeader volume = parse_volume_header(frames[0].payload);
  volume.label_digest = label_digest(label);
  frames[0].payload = encode_volume_header(volume);
  label.insert(label.end(), signature.begin(), signature.end());
  EXPECT_EQ(read(put_together(frames)).refused, ErrorCode::bad_signature);
}

TEST_F(HostileParcel, WithPartsOfAnotherParcelIsRefused) {
  const auto one = take_apart(build());
  const auto two = take_apart(build());
  const char* said[] = {"", "has a volume header that belongs to another label",
                        "its key slots are not those its label was signed for",
                        "its packing list is not the one its label was signed for"};
  for (std::size_t f = 1; f < 4; ++f) {
    auto mixed = one;
    mixed[f] = two[f];
    const Reading reading = read(put_together(mixed));
    EXPECT_EQ(reading.refused, f == 1 ? ErrorCode::damaged : ErrorCode::bad_signature);
    EXPECT_THAT(reading.message, HasSubstr(said[f]));
  }
}

TEST_F(HostileParcel, WithRecordsOfAnotherParcelKeepsNoneOfThem) {
  auto one = take_apart(build());
  const auto two = take_apart(build());
  one[5] = two[5];
  const Reading reading = read(put_together(one));
  EXPECT_EQ(reading.records[1].status, RecordStatus::forged);
  EXPECT_EQ(reading.good().size(), 2u);
}

TEST_F(HostileParcel, WithRecordsUnderEachOthersNumbersKeepsNeither) {
  auto frames = take_apart(build());
  std::swap(frames[4].number, frames[5].number);
  const Reading reading = read(put_together(frames));
  EXPECT_EQ(reading.records[0].status, RecordStatus::forged);
  EXPECT_EQ(reading.records[1].status, RecordStatus::forged);
  EXPECT_EQ(reading.good().ranges(), (std::vector<RecordRange>{{2, 3}}));
}

TEST_F(HostileParcel, WithRecordsInAnotherOrderIsWhole) {
  auto frames = take_apart(build());
  std::swap(frames[4], frames[6]);
  const Reading reading = read(put_together(frames));
  EXPECT_TRUE(reading.is_whole(3));
}

// TEX knows the content key of a parcel for PSE and TEX; it seals a block of its own with it.
TEST_F(HostileParcel, WithARecordForgedByAnotherAddresseeKeepsItOut) {
  const Bytes parcel = build(draft({&pse_, &tex_}), some_blocks(), pun_);
  const Label label = label_of(parcel);
  const Secret key = record_key(content_key_of(parcel, tex_, 1).view());
  Bytes seed(32, 9);
  const RecordSealer forger(label_digest_of(parcel), SigningKey(seed), Secret::copy_of(key.view()));
  // Sealed rightly, under the true parcel key's name, but signed with a key of its own.
  const Bytes plaintext = encode(some_blocks(9)[8]);
  Bytes payload{1};
  Encoder associated;
  associated.raw(label.parcel_key).u64(1).u8(1);
  seal_onto(payload, key.view(), 1, associated.view(), plaintext);
  Encoder message;
  message.digest(label_digest_of(parcel)).u64(1).u8(1);
  message.digest(digest_of(DigestKind::record, ByteView(payload).subspan(1)));
  const auto signature = SigningKey(seed).sign(DigestKind::record_signature, message.view());
  payload.insert(payload.end(), signature.begin(), signature.end());
  auto frames = take_apart(parcel);
  frames[5].payload = payload;
  const Reading reading = read(put_together(frames));
  EXPECT_EQ(reading.records[1].status, RecordStatus::forged);
  EXPECT_EQ(reading.good().size(), 2u);
  // The seal itself is right: only the signature keeps it out.
  EXPECT_TRUE(open_sealed(key.view(), 1, associated.view(),
                          ByteView(payload).subspan(1, payload.size() - 65))
                  .has_value());
  frames.back().payload = take_apart(forger.seal_end(2))[0].payload;
  EXPECT_EQ(read(put_together(frames)).tail.end, EndState::forged);
}

// A trusted site takes PUN's slots, list and parcel key and signs a label of its own over them.
TEST_F(HostileParcel, OfAnotherSendersPartsUnderATrustedLabelIsRefused) {
  const Bytes bad = with_label(
      build(),
      [&](Label& label) {
        label.sender.code = tex_.code();
        label.sender.signing_key = tex_.public_keys().signing;
      },
      tex_);
  ParcelReader stream(test::plain_frames(memory_source(bad)), "usb/a.pcl");
  const VerifiedHead head = verify_head(stream.read_head(), tex_.public_keys().signing);
  try {
    open_parcel(head, pse_);
    FAIL() << "opened";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_signature);
    EXPECT_STREQ(error.what(),
                 "TEX-PSE-000012: its key slot was made for another parcel or by another sender");
  }
}

TEST_F(HostileParcel, WhoseKeySlotIsForAnotherAddresseeSaysSo) {
  // Both slots hold the right key, but the one of PSE is bound to TEX.
  const Bytes parcel = build();
  auto frames = take_apart(parcel);
  const Label label = label_of(parcel);
  const Secret key = content_key_of(parcel, pse_);
  const Secret slot =
      slot_plaintext(key.view(), {label.parcel_key, label.sender.signing_key, tex_.code()});
  frames[2].payload = seal_to(pse_.public_keys().sealing, slot.view());
  const Bytes bad = resigned(put_together(frames), [&](Label& changed) {
    changed.key_slots = digest_of(DigestKind::key_slots, frames[2].payload);
  });
  EXPECT_THAT(read(bad).message, HasSubstr("was made for another parcel or by another sender"));
}

TEST_F(HostileParcel, ThatCommitsToAnotherContentKeyIsRefused) {
  const Bytes bad = resigned(build(), [](Label& label) { label.commitment.bytes[0] ^= 1; });
  const Reading reading = read(bad);
  EXPECT_EQ(reading.refused, ErrorCode::bad_signature);
  EXPECT_EQ(reading.message, "PUN-PSE-000012: its content key is not the one its label commits to");
}

TEST_F(HostileParcel, WithAPackingListUnderAnotherKeyIsRefused) {
  auto frames = take_apart(build());
  frames[3].payload[0] ^= 1;
  const Bytes bad = resigned(put_together(frames), [&](Label& label) {
    label.packing_list = digest_of(DigestKind::packing_list, frames[3].payload);
  });
  const Reading reading = read(bad);
  EXPECT_EQ(reading.refused, ErrorCode::bad_signature);
  EXPECT_EQ(reading.message, "PUN-PSE-000012: its packing list does not open with its content key");
}

TEST_F(HostileParcel, WithSlotsForMoreOrFewerThanItsAddresseesIsRefused) {
  for (const int by : {-1, 1, static_cast<int>(kKeySlotSize)}) {
    auto frames = take_apart(build());
    frames[2].payload.resize(static_cast<std::size_t>(static_cast<int>(kKeySlotSize) + by));
    const Bytes bad = resigned(put_together(frames), [&](Label& label) {
      label.key_slots = digest_of(DigestKind::key_slots, frames[2].payload);
    });
    const Reading reading = read(bad);
    EXPECT_EQ(reading.refused, ErrorCode::damaged);
    EXPECT_THAT(reading.message, HasSubstr("1 slots of 147 wanted"));
  }
}

TEST_F(HostileParcel, ThatSaysAnotherNumberOfItemsIsRefused) {
  const Reading reading = read(resigned(build(), [](Label& label) { label.item_count = 2; }));
  EXPECT_EQ(reading.refused, ErrorCode::bad_signature);
  EXPECT_THAT(reading.message, HasSubstr("its label says 2 items, its packing list has 1"));
}

TEST_F(HostileParcel, WithAnUnknownItemKindKeepsItsNeighboursAndItsJob) {
  ParcelDraft odd = draft({&pse_});
  Item item;
  item.kind_code = 77;
  item.jobs = {42};
  item.raw = {1, 2, 3};
  odd.packing_list.items.insert(odd.packing_list.items.begin(), item);
  const Reading reading = read(build(odd, some_blocks(), pun_));
  ASSERT_TRUE(reading.is_whole(3)) << reading.message;
  EXPECT_EQ(reading.packing_list.items[0], item);
  EXPECT_EQ(reading.packing_list.items[0].kind(), std::nullopt);
  EXPECT_EQ(reading.packing_list.items[1].kind(), ItemKind::package);
}

// The sender itself writes nonsense as a block, or a kind of record that is not known.
TEST_F(HostileParcel, WithASignedRecordThatIsNoBlockGivesNoBlock) {
  Bytes out;
  ParcelWriter writer([&](ByteView data) { out.insert(out.end(), data.begin(), data.end()); });
  writer.begin(draft({&pse_}), pun_, entropy_);
  writer.add_sealed(writer.sealer().seal(0, 1, as_bytes("no block")));
  writer.add_sealed(writer.sealer().seal(1, 9, as_bytes("something new")));
  writer.add(some_blocks()[0]);
  writer.finish();
  const Reading reading = read(out);
  EXPECT_EQ(reading.statuses(),
            (std::vector{RecordStatus::forged, RecordStatus::unknown_kind, RecordStatus::ok}));
}

TEST_F(HostileParcel, WithARecordBeyondItsLimitIsNotOpened) {
  RawRecord record{0, true, Bytes(kMaxRecordSize + 1)};
  EXPECT_EQ(authenticate(record, {}, {}), RecordStatus::damaged);
  record.payload.resize(kRecordOverhead - 1);
  EXPECT_EQ(authenticate(record, {}, {}), RecordStatus::damaged);
}

}  // namespace

}  // namespace courier
