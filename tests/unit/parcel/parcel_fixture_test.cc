#include "tests/unit/parcel/parcel_fixture.h"

#include "base/digest.h"
#include "store/lean_block.h"
#include "tests/support/plain_frames.h"

namespace courier {

ParcelTest::ParcelTest() : pun_(make_site("PUN")), pse_(make_site("PSE")), tex_(make_site("TEX")) {}

KeyRing ParcelTest::make_site(const std::string& code) {
  const std::string home = folder_ / code;
  std::filesystem::create_directories(home);
  return KeyRing::create(fs_, home, SiteCode::parse(code), "Site " + code, entropy_, clock_);
}

ParcelDraft ParcelTest::draft(const std::vector<const KeyRing*>& to) {
  ParcelDraft draft;
  for (const auto* site : to) {
    draft.addressees.push_back({site->code(), 12, 1, site->public_keys().sealing, 4});
  }
  draft.name = "Åre kiosk";
  draft.comment = "two drives";
  draft.created = clock_.now();
  draft.content_bytes = 2100;
  Item item;
  item.set_kind(ItemKind::package);
  item.jobs.assign(to.size(), 41);
  item.package = PackageId::parse("PUN00020");
  item.version = 3;
  item.root = digest_of(DigestKind::root, as_bytes("root"));
  item.content_bytes = 2100;
  item.files = 3;
  item.package_name = "Field tools";
  draft.packing_list.items.push_back(item);
  return draft;
}

std::vector<Block> ParcelTest::some_blocks(std::size_t count, std::size_t size) {
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < count; ++i) {
    Bytes raw(size + i);
    test::SeededEntropy(i).fill(raw);
    Block block;
    block.raw_size = static_cast<std::uint32_t>(raw.size());
    block.objects.push_back({DigestKind::chunk, digest_of(DigestKind::chunk, raw), block.raw_size});
    block.payload = raw;
    blocks.push_back(block);
  }
  return blocks;
}

Bytes ParcelTest::build(const ParcelDraft& draft, const std::vector<Block>& blocks,
                        const KeyRing& from) {
  Bytes out;
  ParcelWriter writer([&](ByteView data) { out.insert(out.end(), data.begin(), data.end()); });
  writer.begin(draft, from, entropy_);
  for (const auto& block : blocks) writer.add(block);
  const auto summary = writer.finish();
  EXPECT_EQ(summary.bytes, out.size());
  EXPECT_EQ(summary.record_count, blocks.size());
  return out;
}

namespace {

ReadRecord decoded(const OpenedRecord& opened) {
  ReadRecord record{opened.number, opened.status, {}};
  if (!opened.ok()) return record;
  try {
    if (opened.kind == RecordKind::lean_block) {
      LeanBlock lean = decode_lean(opened.plaintext);
      // Its digests can be had of what needs no base.
      if (!lean.block.has_base()) {
        const std::vector<Digest> digests = digests_in(lean.block, decompress(lean.block));
        lean.block = with_digests(std::move(lean), digests);
      }
      record.block = std::move(lean.block);
    } else {
      record.block = decode_block(opened.plaintext);
    }
  } catch (const Error&) {
    record.status = RecordStatus::forged;
  }
  return record;
}

}  // namespace

Reading ParcelTest::read(ByteView parcel, const KeyRing& reader, const PublicKey& signer) {
  Reading reading;
  try {
    ParcelReader stream(test::plain_frames(memory_source(parcel)), "usb/a.pcl");
    ParcelHead head = stream.read_head();
    reading.label = head.label;
    const VerifiedHead verified = verify_head(std::move(head), signer);
    OpenedParcel opened = open_parcel(verified, reader);
    reading.packing_list = opened.packing_list;
    while (auto raw = stream.next_record()) {
      reading.records.push_back(decoded(opened.opener.open(*raw)));
    }
    reading.tail = stream.finish(verified);
  } catch (const Error& error) {
    reading.refused = error.code();
    reading.message = error.what();
    reading.hint = error.hint();
  }
  return reading;
}

TEST_F(ParcelTest, TakingApartAndPuttingTogetherGivesTheSameBytes) {
  const Bytes parcel = build();
  EXPECT_EQ(put_together(take_apart(parcel)), parcel);
}

}  // namespace courier
