#include "tests/support/make_golden/bad_parcels.h"

#include <zstd.h>

#include <algorithm>
#include <stdexcept>

#include "base/codec.h"
#include "media/recovery_layout.h"
#include "parcel/aead.h"
#include "parcel/key_slots.h"
#include "parcel/parcel_writer.h"
#include "parcel/return_report.h"
#include "parcel/trust_item.h"
#include "signer/sealed_box.h"
#include "store/lean_block.h"
#include "tests/support/make_golden/golden_bases.h"
#include "tests/support/parcel_surgery.h"

namespace courier::test {

namespace {

// A package with one file whose entry's name is patched: names that no encoder of ours writes.
Bytes with_name(const Maker& maker, const std::string& plain, const std::string& bad) {
  ContentMaker content;
  TreeEntry entry = content.file(plain, "escaped\n" + maker.package.str());
  return parcel_of(maker, content.finish({entry}, renaming(plain, bad)));
}

Bytes with_items(const Maker& maker, std::vector<Item> items) {
  const Content content = small_content(maker);
  items.push_back(package_item(maker, content));
  return written(maker, draft_of(maker, std::move(items)), maker.from, blocks_of(content));
}

// Makes the plaintext of record 0 wrong; it is sealed and signed as it should be.
Bytes with_first_record(const Maker& maker, const std::function<Bytes(const Block&)>& change) {
  const Content content = small_content(maker);
  return written(maker, draft_of(maker, {package_item(maker, content)}), maker.from,
                 [&](ParcelWriter& writer) {
                   writer.add_sealed(writer.sealer().seal(0, 1, change(content.blocks[0])));
                   for (std::size_t i = 1; i < content.blocks.size(); ++i) {
                     writer.add(content.blocks[i]);
                   }
                 });
}

// A good parcel, but for what is changed of its records.
Bytes lean_parcel(const Maker& maker, std::uint64_t features,
                  const std::function<void(Bytes& plaintext)>& change) {
  const Content content = small_content(maker);
  ParcelDraft draft = draft_of(maker, {package_item(maker, content)});
  draft.critical_features = features;
  return written(maker, draft, maker.from, [&](ParcelWriter& writer) {
    for (std::size_t i = 0; i < content.blocks.size(); ++i) {
      Bytes plaintext = encode_lean(content.blocks[i]);
      if (i == 1) change(plaintext);
      writer.add_sealed(
          writer.sealer().seal(i, static_cast<std::uint8_t>(RecordKind::lean_block), plaintext));
    }
  });
}

// 64 MiB of zeros behind a block that states 4 MiB, with the digests of 4 MiB of zeros.
Bytes zip_bomb(const Maker& maker, bool stated) {
  const Bytes zeros(64u << 20);
  Block bomb;
  bomb.codec = static_cast<std::uint8_t>(BlockCodec::zstd);
  bomb.raw_size = kMaxBlockRaw;
  const ByteView megabyte = ByteView(zeros).first(kMaxObjectSize);
  for (std::uint32_t i = 0; i < kMaxBlockRaw / kMaxObjectSize; ++i) {
    bomb.objects.push_back(
        {DigestKind::chunk, digest_of(DigestKind::chunk, megabyte), kMaxObjectSize});
  }
  bomb.payload.resize(ZSTD_compressBound(zeros.size()));
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, stated ? 1 : 0);
  const std::size_t size =
      ZSTD_compress2(context, bomb.payload.data(), bomb.payload.size(), zeros.data(), zeros.size());
  ZSTD_freeCCtx(context);
  if (ZSTD_isError(size)) throw std::runtime_error("no bomb");
  bomb.payload.resize(size);

  ContentMaker content;
  TreeEntry file = content.file("zeros.bin", as_text(megabyte));
  Content made = content.finish({file});
  made.blocks.back() = bomb;
  return parcel_of(maker, made);
}

// Another addressee opens its slot, and puts a record of its own under the right seal.
Bytes forged_record(const Maker& maker) {
  const Content content = small_content(maker);
  ParcelDraft draft = draft_of(maker, {package_item(maker, content)});
  draft.addressees.push_back(
      {maker.other_site.code(), 1, 1, maker.other_site.public_keys().sealing, 0});
  draft.packing_list.items[0].jobs.push_back(maker.number);
  auto frames = take_apart(written(maker, draft, maker.from, blocks_of(content)));

  const Bytes& signed_label = frames[kLabelAt].payload;
  const ByteView body = ByteView(signed_label).first(signed_label.size() - kSignatureSize);
  const Label label = parse_label(body);
  const auto slots = split_key_slots(frames[kSlotsAt].payload, label.addressees.size());
  const auto index =
      static_cast<std::size_t>(label.find(maker.other_site.code()) - label.addressees.data());
  const auto plaintext = maker.other_site.open_sealed(slots[index]);
  const Secret key = record_key(plaintext->view().first(kContentKeySize));

  Bytes seed(32);
  maker.entropy.fill(seed);
  const SigningKey own(seed);
  Bytes payload{1};
  Encoder associated;
  associated.raw(label.parcel_key).u64(0).u8(1);
  seal_onto(payload, key.view(), 0, associated.view(),
            encode(small_content(maker, "forged\n").blocks[0]));
  Encoder message;
  message.digest(label_digest(body)).u64(0).u8(1);
  message.digest(digest_of(DigestKind::record, ByteView(payload).subspan(1)));
  append(payload, own.sign(DigestKind::record_signature, message.view()));
  frames[kRecordsAt].payload = payload;
  return put_together(frames);
}

Bytes with_frame_length(const Maker& maker, std::size_t frame) {
  Bytes parcel = good(maker);
  const auto frames = take_apart(parcel);
  state_length(parcel, offset_of(frames, std::min(frame, frames.size() - 1)), 0xffffffff);
  return parcel;
}

Bytes cut(const Maker& maker, std::size_t frame, std::size_t more) {
  Bytes parcel = good(maker);
  parcel.resize(offset_of(take_apart(parcel), frame) + more);
  return parcel;
}

Bytes flipped(const Maker& maker, std::size_t frame, std::size_t at) {
  Bytes parcel = good(maker);
  parcel[offset_of(take_apart(parcel), frame) + kFrameHeaderSize + at] ^= 1;
  return parcel;
}

// One bit of record 1 and one of all parity cells, of which there are as many as columns.
Bytes beyond_repair(const Maker& maker) {
  const Bytes parcel = good(maker);
  const RecoveryLayout layout(choose_recovery_set(parcel.size(), 20));
  Bytes damaged = protected_by(parcel, 20);
  damaged[offset_of(take_apart(parcel), kRecordsAt + 1) + kFrameHeaderSize + 30] ^= 1;
  for (std::uint64_t cell = layout.volume_cells(); cell < layout.cells(); ++cell) {
    damaged[layout.cell_offset(cell)] ^= 1;
  }
  return damaged;
}

Bytes unknown_item_kind(const Maker& maker) {
  Item unknown;
  unknown.kind_code = 77;
  unknown.jobs = {maker.number};
  unknown.raw = {1, 2, 3};
  return with_items(maker, {unknown});
}

Bytes unsent_return(const Maker& maker) {
  ReturnReport report;
  report.incarnation = maker.from.incarnation();
  ReceivedParcel parcel;
  parcel.id = {maker.to.code, maker.from.code(), 999'999};
  parcel.label_digest = digest_of(DigestKind::label, as_bytes("never sent"));
  ReportedVerdict verdict;
  verdict.job = 999'999;
  verdict.kind_code = 1;
  verdict.package = maker.package;
  verdict.version = 1;
  verdict.verdict = VerdictKind::installed;
  parcel.items = {verdict};
  report.parcels = {parcel};
  Item item = bare_item(maker, ItemKind::verdicts);
  item.body = encode_return_report(report);
  return only_item(maker, item);
}

Bytes damaged_return(const Maker& maker) {
  Item item = bare_item(maker, ItemKind::verdicts);
  item.body = encode_return_report({});
  item.body[23] = 0xff;  // the count of parcels
  return only_item(maker, item);
}

Bytes missing_content(const Maker& maker, bool with_base) {
  ContentMaker content;
  content.leave_out_chunks();
  TreeEntry file = content.file("absent.bin", "not in this parcel " + maker.package.str());
  const Content made = content.finish({file});
  Item item = package_item(maker, made);
  if (with_base) {
    item.version = 2;
    item.bases = {{maker.package, 1, digest_of(DigestKind::root, as_bytes("a base"))}};
  }
  return written(maker, draft_of(maker, {item}), maker.from, blocks_of(made));
}

// Folders so deep that the path to the file is longer than any path may be.
Bytes deep_path(const Maker& maker) {
  ContentMaker content;
  TreeEntry entry = content.file("deep.txt", "deep\n");
  for (int i = 0; i < 20; ++i) entry = content.dir(std::string(250, 'd'), {entry});
  return parcel_of(maker, content.finish({entry}));
}

Bytes through_symlink(const Maker& maker, const std::string& link_target) {
  ContentMaker content;
  TreeEntry link = content.link("a-link", link_target);
  TreeEntry hard = content.hard_link("b-through", "a-link/target.txt");
  return parcel_of(maker, content.finish({link, hard}));
}

// A link and a folder of the same name, the second full of files.
Bytes link_and_folder(const Maker& maker) {
  ContentMaker content;
  TreeEntry inner = content.file("target.txt", "written through a link\n");
  TreeEntry folder = content.dir("same-b", {inner});
  TreeEntry link = content.link("same-a", "/tmp");
  return parcel_of(maker, content.finish({link, folder}, renaming("same-b", "same-a")));
}

Bytes label_byte(const Maker& maker, std::size_t at, std::uint8_t value) {
  return with_label_body(
      good(maker), [&](Bytes& body) { body[at] = value; }, maker.from);
}

// The sender's name, right behind its code, states 2^63 bytes.
Bytes oversized_label_text(const Maker& maker) {
  return with_label_body(
      good(maker),
      [](Bytes& body) {
        const Bytes length{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
        body.erase(body.begin() + 23);
        body.insert(body.begin() + 23, length.begin(), length.end());
      },
      maker.from);
}

// A block, signed and sealed as it should be, that states 2^32 - 1 bytes.
Bytes oversized_block(const Maker& maker) {
  return with_first_record(maker, [](const Block& block) {
    Block big = block;
    big.raw_size = 0xffffffff;
    return encode(big);
  });
}

Bytes wrong_digest(const Maker& maker) {
  Content content = small_content(maker);
  content.blocks.back().objects.back().digest.bytes[0] ^= 1;
  return parcel_of(maker, content);
}

Bytes unknown_codec(const Maker& maker) {
  return with_first_record(maker, [](const Block& block) {
    Block odd = block;
    odd.codec = 9;
    return encode(odd);
  });
}

Bytes swapped_records(const Maker& maker) {
  auto frames = take_apart(good(maker));
  std::swap(frames[kRecordsAt].payload, frames[kRecordsAt + 1].payload);
  return put_together(frames);
}

Bytes other_addressee(const Maker& maker) {
  ParcelDraft draft = draft_of(maker, {package_item(maker, small_content(maker))});
  draft.addressees[0].code = maker.other_site.code();
  draft.addressees[0].sealing_key = maker.other_site.public_keys().sealing;
  return written(maker, draft, maker.from, blocks_of(small_content(maker)));
}

Bytes unknown_signer(const Maker& maker) {
  const Content content = small_content(maker);
  return written(maker, draft_of(maker, {package_item(maker, content)}), maker.other_site,
                 blocks_of(content));
}

// The other site's signature under the sender's name and key.
Bytes wrong_signature(const Maker& maker) {
  return with_label(
      good(maker), [](Label& label) { label.comment = "changed"; }, maker.other_site);
}

// The sender's name, but the other site's key.
Bytes other_key(const Maker& maker) {
  return with_label(
      good(maker),
      [&](Label& label) { label.sender.signing_key = maker.other_site.public_keys().signing; },
      maker.other_site);
}

Bytes other_content(const Maker& maker) {
  return parcel_of(maker, small_content(maker, "something else under the same number\n"));
}

// One frame comes from another parcel of the same sender to the same site.
Bytes with_foreign_frame(const Maker& maker, std::size_t frame) {
  auto frames = take_apart(good(maker));
  frames.at(frame) = take_apart(other_content(maker)).at(frame);
  return put_together(frames);
}

// The label promises three records; two and an end of two were made for it.
Bytes another_count(const Maker& maker) {
  const Content content = small_content(maker);
  ParcelDraft draft = draft_of(maker, {package_item(maker, content)});
  draft.record_count = 3;
  Bytes out;
  ParcelWriter writer([&](ByteView data) { append(out, data); });
  writer.begin(draft, maker.from, maker.entropy);
  for (const Block& block : content.blocks) writer.add(block);
  append(out, writer.sealer().seal_end(2));
  return out;
}

// The length of the sender's name takes two bytes where one does.
Bytes longer_number(const Maker& maker) {
  return with_label_body(
      good(maker),
      [](Bytes& body) {
        body[23] |= 0x80;
        body.insert(body.begin() + 24, 0);
      },
      maker.from);
}

}  // namespace

const std::vector<BadParcel>& bad_parcels() {
  using enum ErrorCode;
  static const std::vector<BadParcel> all = {
      {"same-number-other-content", "has the number of golden/v1/one-package.pcl", replayed,
       other_content},
      {"unknown-algorithm", "signature algorithm 9", unsupported,
       [](const Maker& m) { return label_byte(m, 18, 9); }},
      {"unknown-seal", "seal algorithm 9", unsupported,
       [](const Maker& m) { return label_byte(m, 19, 9); }},
      {"unknown-feature", "critical feature 4", unsupported,
       [](const Maker& m) { return label_byte(m, 2, 4); }},
      {"newer-version", "format version 2", unsupported,
       [](const Maker& m) { return label_byte(m, 0, 2); }},
      {"unknown-item-kind", "an item of kind 77 beside a good one", partly_done, unknown_item_kind},
      {"forged-record", "record 0 by another addressee", damaged, forged_record},
      {"swapped-records", "records 0 and 1 under each other's numbers", damaged, swapped_records},
      {"zip-bomb", "64 MiB in a block of 4", damaged,
       [](const Maker& m) { return zip_bomb(m, true); }},
      {"zip-bomb-unstated", "the same, without stating it", damaged,
       [](const Maker& m) { return zip_bomb(m, false); }},
      {"wrong-digest", "a chunk under another name", damaged, wrong_digest},
      {"unknown-codec", "a block of codec 9, which nobody knows", damaged, unknown_codec},
      {"path-dotdot", "a file named ..", not_trusted,
       [](const Maker& m) { return with_name(m, "zz", ".."); }},
      {"path-absolute", "a file named /tmp/escaped", not_trusted,
       [](const Maker& m) { return with_name(m, "z-tmp-escaped", "/tmp/escaped."); }},
      {"path-slash", "a file named ../escaped", not_trusted,
       [](const Maker& m) { return with_name(m, "z---escaped", "../escaped1"); }},
      {"path-nul", "a NUL in a name", not_trusted,
       [](const Maker& m) { return with_name(m, "a-b", std::string("a\0b", 3)); }},
      {"through-symlink", "a hard link to a path through a link", not_trusted,
       [](const Maker& m) { return through_symlink(m, "/tmp"); }},
      {"through-symlink-inside", "the same, the link stays inside", not_trusted,
       [](const Maker& m) { return through_symlink(m, "."); }},
      {"link-and-folder", "a link and a folder of one name", not_trusted, link_and_folder},
      {"deep-path", "a path of 5,000 bytes", not_trusted, deep_path},
      {"missing-base", "leaves out what a base of the item holds", incomplete,
       [](const Maker& m) { return missing_content(m, true); }},
      {"missing-content", "leaves out content and names no base", incomplete,
       [](const Maker& m) { return missing_content(m, false); }},
      {"unsent-return", "a return for a parcel never sent", not_trusted, unsent_return},
      {"damaged-return", "a return whose report cannot be read", not_trusted, damaged_return},
      {"other-addressee", "for another site only", not_addressed, other_addressee},
      {"unknown-signer", "signed by a site not known", no_key, unknown_signer},
      {"wrong-signature", "a changed label under another's signature", bad_signature,
       wrong_signature},
      {"other-key", "the sender's code with another's key", no_key, other_key},
      {"no-parcel", "a text", damaged,
       [](const Maker&) { return to_bytes(as_bytes("this is no parcel\n")); }},
      {"empty", "no bytes", damaged, [](const Maker&) { return Bytes(); }},
      {"wrong-magic", "the first byte is wrong", damaged,
       [](const Maker& m) {
         Bytes parcel = good(m);
         parcel[0] ^= 0xff;
         return parcel;
       }},
      {"damaged-volume-header", "one bit", damaged,
       [](const Maker& m) { return flipped(m, kVolumeAt, 40); }},
      {"damaged-label", "one bit", damaged,
       [](const Maker& m) { return flipped(m, kLabelAt, 30); }},
      {"damaged-key-slots", "one bit", damaged,
       [](const Maker& m) { return flipped(m, kSlotsAt, 30); }},
      {"damaged-packing-list", "one bit", damaged,
       [](const Maker& m) { return flipped(m, kListAt, 30); }},
      {"damaged-record", "one bit in record 1", damaged,
       [](const Maker& m) { return flipped(m, kRecordsAt + 1, 30); }},
      {"damaged-end", "one bit in the end", partly_done,
       [](const Maker& m) { return flipped(m, kRecordsAt + 2, 30); }},
      {"truncated-head", "ends in the packing list", damaged,
       [](const Maker& m) { return cut(m, kListAt, 40); }},
      {"truncated-record", "ends in record 1", incomplete,
       [](const Maker& m) { return cut(m, kRecordsAt + 1, 40); }},
      {"no-end", "ends before its end", incomplete,
       [](const Maker& m) { return cut(m, kRecordsAt + 2, 0); }},
      {"oversized-volume-header", "states 4 GiB", damaged,
       [](const Maker& m) { return with_frame_length(m, kVolumeAt); }},
      {"oversized-label", "states 4 GiB", damaged,
       [](const Maker& m) { return with_frame_length(m, kLabelAt); }},
      {"oversized-key-slots", "states 4 GiB", damaged,
       [](const Maker& m) { return with_frame_length(m, kSlotsAt); }},
      {"oversized-packing-list", "states 4 GiB", damaged,
       [](const Maker& m) { return with_frame_length(m, kListAt); }},
      {"oversized-record", "states 4 GiB", damaged,
       [](const Maker& m) { return with_frame_length(m, kRecordsAt); }},
      {"oversized-end", "states 4 GiB", partly_done,
       [](const Maker& m) { return with_frame_length(m, kRecordsAt + 2); }},
      {"oversized-label-text", "signed; a name states 2^63 bytes", damaged, oversized_label_text},
      {"longer-number", "signed; a number in the label is not in its shortest form", damaged,
       longer_number},
      {"label-with-more", "signed; a byte behind the label's last field", damaged,
       [](const Maker& m) {
         return with_label_body(
             good(m), [](Bytes& body) { body.push_back(0); }, m.from);
       }},
      {"another-number-of-items", "signed; the label says 2 items, the packing list has 1",
       bad_signature,
       [](const Maker& m) {
         return with_label(
             good(m), [](Label& label) { label.item_count = 2; }, m.from);
       }},
      {"another-number-of-records", "signed; the label says 3 records, the end says 2", partly_done,
       another_count},
      {"volume-header-of-another", "the volume header is another parcel's", damaged,
       [](const Maker& m) { return with_foreign_frame(m, kVolumeAt); }},
      {"key-slots-of-another", "the key slots are another parcel's", bad_signature,
       [](const Maker& m) { return with_foreign_frame(m, kSlotsAt); }},
      {"packing-list-of-another", "the packing list is another parcel's", bad_signature,
       [](const Maker& m) { return with_foreign_frame(m, kListAt); }},
      {"record-of-another", "record 1 is another parcel's", damaged,
       [](const Maker& m) { return with_foreign_frame(m, kRecordsAt + 1); }},
      {"end-of-another", "the end is another parcel's", partly_done,
       [](const Maker& m) { return with_foreign_frame(m, kRecordsAt + 2); }},
      {"oversized-block", "signed; a block states 4 GiB", damaged, oversized_block},
      {"beyond-repair", "one bit in record 1, and one in each cell of the parity", damaged,
       beyond_repair},
      {"base-without-feature",
       "records coded against a base, in a parcel whose label does not say so", damaged,
       [](const Maker& m) { return second_of_two(m, 0); }},
      {"base-not-here", "records coded against a base that never came", incomplete,
       [](const Maker& m) { return second_of_two(m, kFeatureBases); }},
      {"lean-list-digest", "signed; the objects of record 1 do not come to its list digest",
       damaged,
       [](const Maker& m) {
         return lean_parcel(m, kFeatureLean, [](Bytes& plaintext) { plaintext[2] ^= 1; });
       }},
      {"lean-without-the-feature", "signed; lean blocks, and the label does not say so", damaged,
       [](const Maker& m) { return lean_parcel(m, 0, [](Bytes&) {}); }},
  };
  return all;
}

}  // namespace courier::test
