#include "tests/support/make_bad_parcels/bad_parcels.h"

#include <zstd.h>

#include <algorithm>
#include <stdexcept>

#include "base/codec.h"
#include "parcel/aead.h"
#include "parcel/key_slots.h"
#include "parcel/parcel_writer.h"
#include "parcel/return_report.h"
#include "parcel/trust_item.h"
#include "signer/sealed_box.h"

namespace courier::test {

namespace {

Item package_item(const Maker& maker, const Content& content) {
  Item item;
  item.set_kind(ItemKind::package);
  item.jobs = {maker.number};
  item.package = maker.package;
  item.version = 1;
  item.root = content.root;
  item.content_bytes = content.bytes;
  item.files = content.files;
  item.package_name = "Test package " + maker.package.str();
  item.share_name = maker.package.str();
  return item;
}

ParcelDraft draft_of(const Maker& maker, std::vector<Item> items) {
  ParcelDraft draft;
  draft.addressees.push_back(
      {maker.to.code, maker.number, maker.to.incarnation.ordinal, maker.to.keys.sealing, 0});
  draft.created = maker.now;
  draft.packing_list.items = std::move(items);
  for (const auto& item : draft.packing_list.items) draft.content_bytes += item.content_bytes;
  return draft;
}

using Fill = std::function<void(ParcelWriter&)>;

Bytes written(const Maker& maker, const ParcelDraft& draft, const KeyRing& from, const Fill& fill) {
  Bytes out;
  ParcelWriter writer([&](ByteView data) { append(out, data); });
  writer.begin(draft, from, maker.entropy);
  fill(writer);
  writer.finish();
  return out;
}

Fill blocks_of(const Content& content) {
  return [content](ParcelWriter& writer) {
    for (const auto& block : content.blocks) writer.add(block);
  };
}

Bytes parcel_of(const Maker& maker, const Content& content) {
  return written(maker, draft_of(maker, {package_item(maker, content)}), maker.from,
                 blocks_of(content));
}

// Two records: nodes, chunks. Of its own for each package, so that a site never has it already.
Content small_content(const Maker& maker, const std::string& text = "hello\n") {
  const std::string own = text + maker.package.str() + "\n";
  ContentMaker content;
  TreeEntry readme = content.file("readme.txt", own);
  TreeEntry nested = content.file("tool.sh", "#!/bin/sh\n" + own);
  return content.finish({readme, content.dir("bin", {nested})});
}

Bytes good(const Maker& maker) { return parcel_of(maker, small_content(maker)); }

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

Bytes only_item(const Maker& maker, const Item& item) {
  return written(maker, draft_of(maker, {item}), maker.from, [](ParcelWriter&) {});
}

Item bare_item(const Maker& maker, ItemKind kind) {
  Item item;
  item.set_kind(kind);
  item.jobs = {maker.number};
  return item;
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

Bytes remove_item(const Maker& maker) {
  Item item = bare_item(maker, ItemKind::remove);
  item.package = maker.package;
  return only_item(maker, item);
}

// Asks that the receiver trust a third site's key no longer.
Bytes trust_item(const Maker& maker) {
  Item item = bare_item(maker, ItemKind::trust);
  item.body = encode_trust_item(
      KeyRevoked{maker.other_site.code(), maker.other_site.public_keys().signing});
  return only_item(maker, item);
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
    odd.codec = 3;
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

}  // namespace

const std::vector<BadParcel>& bad_parcels() {
  static const std::vector<BadParcel> all = {
      {"good", "nothing is wrong", good},
      {"same-number-other-content", "has the number of good: 3", other_content},
      {"unknown-algorithm", "signature algorithm 9: 3",
       [](const Maker& m) { return label_byte(m, 18, 9); }},
      {"unknown-seal", "seal algorithm 9: 3", [](const Maker& m) { return label_byte(m, 19, 9); }},
      {"unknown-feature", "critical feature 4: 3",
       [](const Maker& m) { return label_byte(m, 2, 4); }},
      {"newer-version", "format version 2: 3", [](const Maker& m) { return label_byte(m, 0, 2); }},
      {"unknown-item-kind", "an item of kind 77 beside a good one: 10", unknown_item_kind},
      {"forged-record", "record 0 by another addressee: 4", forged_record},
      {"swapped-records", "records 0 and 1 under each other's numbers: 4", swapped_records},
      {"zip-bomb", "64 MiB in a block of 4: 4", [](const Maker& m) { return zip_bomb(m, true); }},
      {"zip-bomb-unstated", "the same, without stating it: 4",
       [](const Maker& m) { return zip_bomb(m, false); }},
      {"wrong-digest", "a chunk under another name: 4", wrong_digest},
      {"unknown-codec", "a block of codec 3 without its feature: 4", unknown_codec},
      {"path-dotdot", "a file named ..: 4",
       [](const Maker& m) { return with_name(m, "zz", ".."); }},
      {"path-absolute", "a file named /tmp/escaped: 4",
       [](const Maker& m) { return with_name(m, "z-tmp-escaped", "/tmp/escaped."); }},
      {"path-slash", "a file named ../escaped: 4",
       [](const Maker& m) { return with_name(m, "z---escaped", "../escaped1"); }},
      {"path-nul", "a NUL in a name: 4",
       [](const Maker& m) { return with_name(m, "a-b", std::string("a\0b", 3)); }},
      {"through-symlink", "a hard link to a path through a link: 4",
       [](const Maker& m) { return through_symlink(m, "/tmp"); }},
      {"through-symlink-inside", "the same, the link stays inside: 4",
       [](const Maker& m) { return through_symlink(m, "."); }},
      {"link-and-folder", "a link and a folder of one name: 4", link_and_folder},
      {"deep-path", "a path of 5,000 bytes: 4", deep_path},
      {"missing-base", "leaves out what a base of the item holds: 5",
       [](const Maker& m) { return missing_content(m, true); }},
      {"missing-content", "leaves out content and names no base: 5",
       [](const Maker& m) { return missing_content(m, false); }},
      {"unsent-return", "a return for a parcel never sent: 3", unsent_return},
      {"damaged-return", "a return whose report cannot be read: 4", damaged_return},
      {"remove", "removes the package: by role", remove_item},
      {"trust", "revokes a third site's key: by role", trust_item},
      {"other-addressee", "for another site only: 3", other_addressee},
      {"unknown-signer", "signed by a site not known: 5", unknown_signer},
      {"wrong-signature", "a changed label under another's signature: 3", wrong_signature},
      {"other-key", "the sender's code with another's key: 5", other_key},
      {"no-parcel", "a text: 4",
       [](const Maker&) { return to_bytes(as_bytes("this is no parcel\n")); }},
      {"empty", "no bytes: 4", [](const Maker&) { return Bytes(); }},
      {"wrong-magic", "the first byte is wrong: 4",
       [](const Maker& m) {
         Bytes parcel = good(m);
         parcel[0] ^= 0xff;
         return parcel;
       }},
      {"damaged-volume-header", "one bit: 4",
       [](const Maker& m) { return flipped(m, kVolumeAt, 40); }},
      {"damaged-label", "one bit: 4", [](const Maker& m) { return flipped(m, kLabelAt, 30); }},
      {"damaged-key-slots", "one bit: 4", [](const Maker& m) { return flipped(m, kSlotsAt, 30); }},
      {"damaged-packing-list", "one bit: 4",
       [](const Maker& m) { return flipped(m, kListAt, 30); }},
      {"damaged-record", "one bit in record 1: 4",
       [](const Maker& m) { return flipped(m, kRecordsAt + 1, 30); }},
      {"damaged-end", "one bit in the end: 4",
       [](const Maker& m) { return flipped(m, kRecordsAt + 2, 30); }},
      {"truncated-head", "ends in the packing list: 4",
       [](const Maker& m) { return cut(m, kListAt, 40); }},
      {"truncated-record", "ends in record 1: 4",
       [](const Maker& m) { return cut(m, kRecordsAt + 1, 40); }},
      {"no-end", "ends before its end: 5",
       [](const Maker& m) { return cut(m, kRecordsAt + 2, 0); }},
      {"oversized-volume-header", "states 4 GiB: 4",
       [](const Maker& m) { return with_frame_length(m, kVolumeAt); }},
      {"oversized-label", "states 4 GiB: 4",
       [](const Maker& m) { return with_frame_length(m, kLabelAt); }},
      {"oversized-key-slots", "states 4 GiB: 4",
       [](const Maker& m) { return with_frame_length(m, kSlotsAt); }},
      {"oversized-packing-list", "states 4 GiB: 4",
       [](const Maker& m) { return with_frame_length(m, kListAt); }},
      {"oversized-record", "states 4 GiB: 4",
       [](const Maker& m) { return with_frame_length(m, kRecordsAt); }},
      {"oversized-end", "states 4 GiB: 4",
       [](const Maker& m) { return with_frame_length(m, kRecordsAt + 2); }},
      {"oversized-label-text", "signed; a name states 2^63 bytes: 4", oversized_label_text},
      {"oversized-block", "signed; a block states 4 GiB: 4", oversized_block},
  };
  return all;
}

}  // namespace courier::test
