// Writes small valid inputs for fuzz targets: make_fuzz_seeds tests/fuzz/corpus
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "media/recovery.h"
#include "media/volume_cut.h"
#include "parcel/key_slots.h"
#include "parcel/parcel_writer.h"
#include "parcel/receipt.h"
#include "parcel/return_report.h"
#include "parcel/trust_item.h"
#include "store/archive_message.h"
#include "store/block_against.h"
#include "store/lean_block.h"
#include "tests/support/damaged_bytes.h"
#include "tests/support/fake_clock.h"
#include "tests/support/make_golden/golden_bases.h"
#include "tests/support/parcel_surgery.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_parcels.h"

namespace courier {

namespace {

class Seeds {
 public:
  explicit Seeds(std::string corpus) : corpus_(std::move(corpus)) {}
  void put(const std::string& target, const std::string& name, ByteView bytes) const {
    const std::string folder = corpus_ + "/" + target + "_fuzz";
    std::filesystem::create_directories(folder);
    test::write_text(folder + "/" + name, as_text(bytes));
  }

 private:
  std::string corpus_;
};

Item item_of(ItemKind kind, std::size_t addressees) {
  Item item;
  item.set_kind(kind);
  item.jobs.assign(addressees, 7);
  item.package = PackageId::parse("PUN00020");
  item.version = 2;
  item.root = digest_of(DigestKind::root, as_bytes("root"));
  item.package_name = "Field tools";
  item.bases = {{item.package, 1, item.root}};
  item.dps = {"files"};
  item.extensions = {{1, Bytes{1, 2}}};
  return item;
}

ReturnReport full_report() {
  ReturnReport report;
  report.incarnation.ordinal = 1;
  ReceivedParcel parcel;
  parcel.id = ParcelId::parse("PUN-PSE-000012");
  parcel.state = ReceivedState::incomplete;
  parcel.missing_records.add(RecordRange{3, 9});
  ReportedVerdict verdict;
  verdict.package = PackageId::parse("PUN00020");
  verdict.verdict = VerdictKind::incomplete;
  verdict.reason = "2 objects are missing";
  verdict.missing.objects = {Digest{{1}}, Digest{{2}}};
  parcel.items = {verdict};
  report.parcels = {parcel};
  report.holdings = {{verdict.package, 1, Digest{{9}}, {}}};
  report.dp_states = {{"files", verdict.package, 2, 1, 0, false, "", from_seconds(5)}};
  report.dp_space = {{"files", 3, 4}};
  report.parcels_not_received.add(11);
  report.misdelivered = {{Digest{{5}}, "PUN-TEX-000003", from_seconds(-5)}};
  report.messages = {{7, "4400", 0, "Despooler", from_seconds(9), {}, {"PUN00020", "d1"}}};
  return report;
}

Block block_of(std::string_view text) {
  BlockBuilder builder;
  builder.add(DigestKind::chunk, digest_of(DigestKind::chunk, as_bytes(text)), as_bytes(text));
  return compress_block(builder.take(), Level::fast);
}

void make(const Seeds& seeds) {
  test::TempFolder folder;
  test::FakeClock clock;
  test::SeededEntropy entropy;
  PosixFileSystem fs;
  const auto site = [&](const char* code) {
    std::filesystem::create_directories(folder / code);
    return KeyRing::create(fs, folder / code, SiteCode::parse(code), code, entropy, clock);
  };
  KeyRing pun = site("PUN");
  const KeyRing pse = site("PSE"), tex = site("TEX");
  pun.rotate();

  for (const std::size_t n : {1u, 2u}) {
    ParcelDraft draft;
    draft.addressees.push_back({pse.code(), 12, 1, pse.public_keys().sealing, 4});
    if (n == 2) draft.addressees.push_back({tex.code(), 3, 0, tex.public_keys().sealing, 0});
    draft.name = "Åre kiosk";
    draft.created = clock.now();
    if (n == 2) draft.record_count = 2;
    for (int kind = 1; kind <= 7; ++kind) {
      draft.packing_list.items.push_back(item_of(static_cast<ItemKind>(kind), n));
    }
    draft.packing_list.items[4].body =
        n == 1 ? encode_trust_item(KeyRotated{pun.rotation_certificates()[0]})
               : encode_trust_item(KeyRevoked{pun.code(), pun.public_keys().signing});
    draft.packing_list.items[5].body = encode_return_report(full_report());
    Item unknown;
    unknown.kind_code = 99;
    unknown.jobs.assign(n, 8);
    unknown.raw = {1, 2, 3};
    draft.packing_list.items.push_back(unknown);

    Bytes parcel;
    ParcelWriter writer([&](ByteView data) { test::append(parcel, data); });
    writer.begin(draft, pun, entropy);
    writer.add(block_of("one"));
    writer.add(block_of(std::string(5000, 'x')));
    writer.finish();

    const std::string name = n == 1 ? "one-addressee" : "two-addressees";
    seeds.put("parcel_reader", name, parcel);
    auto frames = test::take_apart(parcel);
    const auto second = static_cast<std::ptrdiff_t>(test::offset_of(frames, 5) + 10);
    seeds.put("parcel_reader", name + "-lost-bytes",
              Bytes(parcel.begin(), parcel.begin() + second - 20));
    Bytes gap(parcel.begin(), parcel.begin() + second);
    gap.insert(gap.end(), parcel.begin() + second + 60, parcel.end());
    seeds.put("parcel_reader", name + "-gap", gap);
    seeds.put("volume_header", name, frames[test::kVolumeAt].payload);
    Bytes label = frames[test::kLabelAt].payload;
    label.resize(label.size() - kSignatureSize);
    seeds.put("label", name, label);
    Bytes slots{static_cast<std::uint8_t>(n)};
    test::append(slots, frames[test::kSlotsAt].payload);
    seeds.put("key_slots", name, slots);
    Bytes list{static_cast<std::uint8_t>(n - 1)};
    test::append(list, encode_packing_list(draft.packing_list, n));
    seeds.put("packing_list", name, list);
  }
  // An unsealed slot, bound as key_slots_fuzz expects it.
  Bytes slot{0};
  test::append(slot, slot_plaintext(Bytes(32, 3), {{1}, {2}, pse.code()}).view());
  seeds.put("key_slots", "unsealed", slot);
  seeds.put("return_report", "full", encode_return_report(full_report()));
  seeds.put("return_report", "empty", encode_return_report({}));
}

// Messages of the child that unpacks, each behind its length.
void make_archive_messages(const Seeds& seeds) {
  const auto entry = [](ArchiveEntry::Type type, const std::string& name,
                        const std::string& target = "") {
    ArchiveEntry out;
    out.type = type;
    out.name = name;
    out.target = target;
    out.mode = 0644;
    out.mtime = {1'700'000'000, 5};
    return out;
  };
  using Type = ArchiveEntry::Type;
  const auto put = [&](const std::string& name, const std::vector<ArchiveMessage>& messages) {
    Encoder out;
    for (const ArchiveMessage& message : messages) {
      const Bytes bytes = encode(message);
      out.u16(static_cast<std::uint16_t>(bytes.size())).raw(bytes);
    }
    seeds.put("archive_message", name, out.view());
  };
  ArchiveEntry sized = entry(Type::file, "d/f");
  sized.size = 5;
  sized.xattrs = {{"user.a", {1}}};
  ArchiveEntry pipe = entry(Type::other, "pipe");
  pipe.remark = "fifo";
  put("tree",
      {entry(Type::folder, "d"), sized, ArchiveData{0, as_bytes("hello")},
       entry(Type::symlink, "d/l", "f"), entry(Type::hardlink, "g", "d/f"), pipe, ArchiveEnd{}});
  put("hostile", {entry(Type::symlink, "way", "/tmp"), entry(Type::file, "way/evil")});
  put("outside", {entry(Type::file, "../evil"), ArchiveData{0, as_bytes("x")}});
  put("broken",
      {entry(Type::file, "a"), ArchiveData{1u << 16, as_bytes("x")}, ArchiveBroken{"bad"},
       entry(Type::hardlink, "b", "a"), ArchiveFault{ArchiveFault::Kind::damaged, "cut"}});
}

// Small volumes with recovery data, whole and damaged.
void make_recovery(const Seeds& seeds) {
  test::TempFolder folder;
  PosixFileSystem fs;
  const auto protect = [&](std::size_t size, const RecoverySet& set) {
    const Bytes volume = test::random_bytes(size);
    return test::all_of(with_recovery(fs, test::volume_of(volume), set, folder.path(), {}));
  };
  const RecoverySet three{1300, {1}, 512, 3, 1}, columns{4000, {2}, 512, 2, 2};
  const Bytes whole = protect(1300, three);
  seeds.put("recovery", "one-column", whole);
  seeds.put("recovery", "several-columns", protect(4000, columns));
  Bytes damaged = protect(4000, columns);
  for (std::size_t at = 600; at < 1500; ++at) damaged[at] ^= 0xff;
  seeds.put("recovery", "damaged", damaged);
  for (std::size_t at = 2000; at < 3500; ++at) damaged[at] ^= 0xff;
  seeds.put("recovery", "beyond-repair", damaged);
  const RecoveryLayout layout(three);
  seeds.put("recovery", "ends-early", ByteView(whole).first(layout.page_frame(2, 0)));
  Bytes header = to_bytes(encode_recovery_header({three, RecoveryPart::parity, 0, 0}));
  seeds.put("recovery", "header", header);
  Bytes behind = whole;
  behind.resize(behind.size() + 700, 0);
  seeds.put("recovery", "padding-behind", behind);
}

// Old and new content, and what is made of them; in each the length of the first part in two bytes.
void make_differences(const Seeds& seeds) {
  std::string before;
  for (int i = 0; i < 200; ++i) before += "line " + std::to_string(i * i) + "\n";
  std::string after = before;
  after.replace(700, 3, "the new words");
  for (std::size_t at = 1200; at < after.size(); at += 90) after[at] = '!';
  after.resize(1 + 51 * 40);
  BlockBuilder builder;
  builder.add(DigestKind::chunk, digest_of(DigestKind::chunk, as_bytes(after)), as_bytes(after));
  const auto gathered = builder.take();
  const Digest digest = digest_of(DigestKind::chunk, as_bytes(before));
  const auto size = static_cast<std::uint32_t>(before.size());
  const std::vector<BaseRange> ranges = {{BaseForm::object, digest, 0, size - 100},
                                         {BaseForm::content, digest, 1u << 20, 100}};
  const Block chosen = compress_block_against(gathered, ranges, as_bytes(before), Level::standard);
  const auto put = [&](const std::string& target, const std::string& name, ByteView first,
                       const Encoder& between, ByteView second) {
    Encoder seed;
    seed.u16(static_cast<std::uint16_t>(first.size())).raw(between.view());
    seeds.put(target, name, seed.raw(first).raw(second).view());
  };
  put("block_against", "block", encode(chosen), Encoder(), as_bytes(before));
  // Those of the golden parcel of an increment.
  const char* const names[] = {"golden-nodes", "golden-difference", "golden-prefix"};
  const test::TwoVersions two = test::two_versions("PUN00B00");
  for (std::size_t i = 0; i < std::size(names); ++i) {
    const test::BlockAgainst& one = two.increment.at(i);
    put("block_against", names[i], encode(one.block), Encoder(), one.base);
  }
  put("lean_block", "against-a-base", encode_lean(chosen), Encoder(), as_bytes(before));
  put("lean_block", "compressed", encode_lean(compress_block(gathered, Level::standard)), Encoder(),
      {});
  BlockBuilder nodes;
  for (const DigestKind kind : {DigestKind::node, DigestKind::root}) {
    nodes.add(kind, digest_of(kind, as_bytes("raw")), as_bytes("raw"));
  }
  put("lean_block", "raw-nodes", encode_lean(compress_block(nodes.take(), Level::fast)), Encoder(),
      {});
  // A byte that is the level, and of which the size asked for is made: 1 and 40 times it.
  const auto level = [](std::uint8_t value) { return std::move(Encoder().u8(value)); };
  put("difference", "content", as_bytes(after), level(1), as_bytes(before));
  const Bytes difference = encode_difference(as_bytes(after), as_bytes(before), Level::standard);
  put("difference", "difference", difference, level(51), as_bytes(before));
  const Bytes prefix = encode_prefix(as_bytes(after), as_bytes(before), Level::standard);
  put("difference", "prefix", prefix, level(51), as_bytes(before));
}

// Small volumes of a cut with spare ones, a table by itself, and tables that are not true.
void make_spares(const Seeds& seeds) {
  const VolumeCut cut(test::volume_of(test::keyless_parcel({90, 40, 60})), "file");
  const std::array<std::uint8_t, 16> id = {1, 2};
  const std::vector<CutVolume> volumes = {{2, cut.run_of(0, 1)}, {2, cut.run_of(1, 3)}};
  const Bytes spare = test::all_of(cut.spare(id, volumes, 3, 1));
  seeds.put("spare_volume", "volume", test::all_of(cut.volume(id, 1, 2, volumes[0].run, 3)));
  seeds.put("spare_volume", "spare-volume", spare);
  SpareTable table = *find_spare_table(spare);
  seeds.put("spare_volume", "table", encode_spare_table(table));
  const auto with_table = [&](const SpareTable& told) {
    Bytes changed = spare;
    std::ranges::copy(spare_table_frame(told), changed.begin() + kSpareTableOffset);
    return changed;
  };
  table.sizes[1] = kMaxSpareSize;
  seeds.put("spare_volume", "too-large", with_table(table));
  table = *find_spare_table(spare);
  table.parity_offset += 8;
  seeds.put("spare_volume", "elsewhere", with_table(table));
}

// What a code's signature is of; texts of codes; words.
void make_receipts(const Seeds& seeds) {
  Receipt receipt;
  receipt.parcel = ParcelId::parse("PUN-PSE-000012");
  receipt.label = digest_of(DigestKind::label, as_bytes("label"));
  receipt.incarnation = {2, {1}};
  receipt.returns = 300;
  receipt.items = 40;
  for (int i = 0; i < 30; ++i) receipt.add(VerdictKind::stored, "");
  receipt.add(VerdictKind::damaged, "2 records");
  receipt.add(std::nullopt, "");
  const std::string code = encode_receipt(receipt, [](ByteView) { return Signature{}; });
  seeds.put("receipt", "body", parse_receipt(code).signed_part);
  seeds.put("receipt", "code", as_bytes(code));
  seeds.put("receipt", "words", as_bytes("critic recipe heavy furnace snake coil domain march"));
}

}  // namespace

}  // namespace courier

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_fuzz_seeds CORPUS\n");
    return 2;
  }
  try {
    const courier::Seeds seeds(argv[1]);
    courier::make(seeds);
    courier::make_archive_messages(seeds);
    courier::make_recovery(seeds);
    courier::make_differences(seeds);
    courier::make_spares(seeds);
    courier::make_receipts(seeds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_fuzz_seeds: %s\n", error.what());
    return 1;
  }
}
