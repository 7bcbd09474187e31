#include "tests/support/make_golden/golden_parcels.h"

#include <algorithm>

#include "media/volume_cut.h"
#include "parcel/return_report.h"
#include "parcel/trust_item.h"
#include "tests/support/make_golden/golden_bases.h"
#include "tests/support/parcel_surgery.h"
#include "tests/support/test_files.h"
#include "tests/support/test_parcels.h"

namespace courier::test {

namespace {

Bytes one_package(const GoldenSites&, const Maker& maker) { return good(maker); }

Bytes every_kind_of_entry(const GoldenSites&, const Maker& maker) {
  ContentMaker content;
  TreeEntry attributes = content.file("attributes.txt", "with attributes\n");
  attributes.xattrs = {{"user.binary", Bytes{0, 1, 0xff}},
                       {"user.origin", to_bytes(as_bytes("PUN"))}};
  TreeEntry before_1970 = content.file("before-1970.txt", "old\n");
  before_1970.mtime = -1;
  before_1970.mtime_ns = 999'999'999;
  TreeEntry after_2106 = content.file("after-2106.txt", "new\n");
  after_2106.mtime = std::int64_t{1} << 33;
  TreeEntry run = content.file("run.sh", "#!/bin/sh\necho hello\n");
  run.mode = 0755;
  TreeEntry secret = content.file("secret", "for the owner alone\n");
  secret.mode = 0400;
  TreeEntry empty = content.file("empty", "");
  TreeEntry several =
      content.long_file("several-chunks.bin", {noise(3000, 1), "x", noise(2000, 2)});
  TreeEntry raw_name = content.file("not\xffutf8", "the name is bytes\n");
  TreeEntry unicode = content.file("Återställning ção ☃.txt", "the name is UTF-8\n");
  TreeEntry hard = content.hard_link("same.sh", "run.sh");
  TreeEntry link = content.link("link", "../outside/is/only/a/target");
  TreeEntry folder = content.dir("folder", {content.file("inner.txt", "inner\n")});
  folder.mode = 0750;
  folder.xattrs = {{"user.folder", to_bytes(as_bytes("yes"))}};
  TreeEntry empty_folder = content.dir("empty folder", {});
  return parcel_of(maker,
                   content.finish({attributes, before_1970, after_2106, run, secret, empty, several,
                                   raw_name, unicode, hard, link, folder, empty_folder}));
}

Bytes many_entries(const GoldenSites&, const Maker& maker) {
  ContentMaker content;
  std::vector<TreeEntry> entries;
  for (int i = 0; i < 600; ++i) {
    entries.push_back(content.file("file-" + std::to_string(10'000 + i), ""));
  }
  return parcel_of(maker, content.finish({content.dir("many", std::move(entries))}));
}

Bytes raw_block(const GoldenSites&, const Maker& maker) {
  ContentMaker content;
  return parcel_of(maker, content.finish({content.file("noise.bin", noise(5000, 3))}));
}

Bytes several_addressees(const GoldenSites& sites, const Maker& maker) {
  const Content content = small_content(maker);
  ParcelDraft draft = draft_of(maker, {package_item(maker, content)});
  draft.addressees.push_back(
      {sites.tex.keys.code(), 7, 0, sites.tex.keys.public_keys().sealing, 3});
  draft.packing_list.items[0].jobs.push_back(41);
  return written(maker, draft, maker.from, blocks_of(content));
}

// The second version of the package of one-package.pcl: a base holds all but one new file.
Content second_version(const Maker& maker) {
  ContentMaker content;
  const std::string own = "hello\n" + maker.package.str() + "\n";
  TreeEntry added = content.file("added.txt", "added in version 2\n");
  content.leave_out_chunks();
  TreeEntry readme = content.file("readme.txt", own);
  return content.finish(
      {added, readme, content.dir("bin", {content.file("tool.sh", "#!/bin/sh\n" + own)})});
}

Maker of_package(const Maker& maker, std::uint32_t number) {
  return {maker.from,
          maker.other_site,
          maker.to,
          maker.entropy,
          maker.now,
          maker.number,
          PackageId::make(maker.from.code(), number)};
}
Maker of_first_package(const Maker& maker) { return of_package(maker, 0x20); }

Item second_version_item(const Maker& first, const Content& content) {
  Item item = package_item(first, content);
  item.version = 2;
  item.bases = {{first.package, 1, small_content(first).root}};
  return item;
}

Bytes increment(const GoldenSites&, const Maker& maker) {
  const Maker first = of_first_package(maker);
  const Content content = second_version(first);
  return written(first, draft_of(first, {second_version_item(first, content)}), first.from,
                 blocks_of(content));
}

Bytes lean_blocks(const GoldenSites&, const Maker& maker) {
  ContentMaker made;
  TreeEntry noise_file = made.file("noise.bin", noise(3000, 5));
  TreeEntry listed = made.long_file("several-chunks.bin", {noise(900, 6), "x", "y"});
  const Content content = made.finish({noise_file, listed, made.dir("folder", {})});
  ParcelDraft draft = draft_of(maker, {package_item(maker, content)});
  draft.critical_features = kFeatureLean;
  return written(maker, draft, maker.from, lean_blocks_of(content));
}

Bytes no_records(const GoldenSites&, const Maker& maker) {
  const Maker first = of_first_package(maker);
  Item item = package_item(first, small_content(first));
  item.version = 3;
  item.bases = {{first.package, 1, item.root}};
  return only_item(first, item);
}

Bytes redistribute(const GoldenSites&, const Maker& maker) {
  const Maker first = of_first_package(maker);
  const Content content = small_content(first);
  Item item = package_item(first, content);
  item.set_kind(ItemKind::redistribute);
  item.whole = true;
  item.dps = {"files", "kiosk"};
  return written(first, draft_of(first, {item}), first.from, blocks_of(content));
}

Bytes remove_package(const GoldenSites&, const Maker& maker) {
  Item item = bare_item(maker, ItemKind::remove);
  item.package = of_first_package(maker).package;
  return only_item(maker, item);
}

Bytes announcement(const GoldenSites&, const Maker& maker) {
  Item item = bare_item(maker, ItemKind::announcement);
  item.package = maker.package;
  item.version = 1;
  item.package_name = "Announced";
  item.comment = "comes with the next medium";
  return only_item(maker, item);
}

Bytes request(const GoldenSites&, const Maker& maker) {
  Item item = bare_item(maker, ItemKind::request);
  item.package = PackageId::make(maker.to.code, 0x30);
  return only_item(maker, item);
}

Bytes without_files(const GoldenSites&, const Maker& maker) {
  Item item = bare_item(maker, ItemKind::package);
  item.package = maker.package;
  item.version = 1;
  item.no_files = true;
  item.package_name = "A command line without files";
  return only_item(maker, item);
}

Bytes rotated_sender(const GoldenSites& sites, const Maker& maker) {
  const Content content = small_content(maker);
  return written(maker, draft_of(maker, {package_item(maker, content)}), sites.rotated.keys,
                 blocks_of(content));
}

Bytes trust_rotation(const GoldenSites& sites, const Maker& maker) {
  Item item = bare_item(maker, ItemKind::trust);
  item.body = encode_trust_item(KeyRotated{sites.rotated.keys.rotation_certificates().at(0)});
  return only_item(maker, item);
}

Bytes trust_revocation(const GoldenSites& sites, const Maker& maker) {
  Item item = bare_item(maker, ItemKind::trust);
  item.body =
      encode_trust_item(KeyRevoked{sites.zzz.keys.code(), sites.zzz.keys.public_keys().signing});
  return only_item(maker, item);
}

// Something of every field that a report has.
ReturnReport full_report(const GoldenSites& sites, Time now) {
  const PackageId tools = PackageId::parse("PUN00020"), maps = PackageId::parse("PUN00021");
  ReturnReport report;
  report.incarnation = sites.pse.keys.incarnation();
  report.last_return_seen = 4;
  ReceivedParcel processed;
  processed.id = ParcelId::parse("PUN-PSE-000001");
  processed.label_digest = digest_of(DigestKind::label, as_bytes("first"));
  ReportedVerdict installed;
  installed.job = 1;
  installed.kind_code = 1;
  installed.package = tools;
  installed.version = 1;
  installed.verdict = VerdictKind::installed;
  ReportedVerdict incomplete = installed;
  incomplete.index = 1;
  incomplete.job = 2;
  incomplete.package = maps;
  incomplete.verdict = VerdictKind::incomplete;
  incomplete.reason = "2 objects are missing";
  incomplete.missing.objects = {Digest{{1}}, Digest{{2}}};
  ReportedVerdict damaged = incomplete;
  damaged.index = 2;
  damaged.job = 3;
  damaged.verdict = VerdictKind::damaged;
  damaged.missing = {.whole = true, .objects = {}};
  processed.items = {installed, incomplete, damaged};
  ReceivedParcel waiting;
  waiting.id = ParcelId::parse("PUN-PSE-000003");
  waiting.label_digest = digest_of(DigestKind::label, as_bytes("third"));
  waiting.state = ReceivedState::incomplete;
  waiting.missing_records.add(RecordRange{3, 9});
  waiting.missing_records.add(RecordRange{20, 21});
  report.parcels = {processed, waiting};
  report.holdings = {{tools, 1, Digest{{9}}, {}}, {maps, 1, Digest{{8}}, incomplete.missing}};
  report.dp_states = {{"files", tools, 2, 1, 0, true, "2 files differ", now}};
  report.store_free_bytes = 5'000'000'000;
  report.store_total_bytes = 8'000'000'000;
  report.dp_space = {{"files", 3, 4}, {"kiosk", 5, 6}};
  report.parcels_not_received.add(2);
  report.misdelivered = {{Digest{{5}}, "PUN-TEX-000003", now}};
  report.messages = {{7, "4400", 0, "Despooler", now, {}, {"PUN00020", "files"}}};
  return report;
}

Bytes return_parcel(const GoldenSites& sites, const Maker& maker) {
  const Maker back{sites.pse.keys,
                   maker.other_site,
                   SiteIdentity::parse(sites.pun.keys.export_identity(1, 0)),
                   maker.entropy,
                   maker.now,
                   5,
                   {}};
  Item item;
  item.set_kind(ItemKind::verdicts);
  item.jobs = {0};
  item.body = encode_return_report(full_report(sites, maker.now));
  return only_item(back, item);
}

Bytes every_text(const GoldenSites&, const Maker& maker) {
  const Content content = small_content(maker);
  Item item = package_item(maker, content);
  item.package_name = "Ferramentas de campo: verificação";
  item.share_name = "Werkzeug für Außendienst";
  item.comment = "\xE2\x80\xAEright to left\xE2\x80\xAC, \x1b[31mred\x1b[0m, two\nlines";
  ParcelDraft draft = draft_of(maker, {item});
  draft.name = "Mårten's ☃ 🚚";
  draft.comment = "भारत · Ελλάδα · 日本 · e\xCC\x81 (two code points)";
  return written(maker, draft, maker.from, blocks_of(content));
}

Bytes unknown_extensions(const GoldenSites&, const Maker& maker) {
  const Content content = small_content(maker);
  Item item = package_item(maker, content);
  item.extensions = {{1, Bytes{1}}, {300, Bytes{}}};
  ParcelDraft draft = draft_of(maker, {item});
  draft.packing_list.extensions = {{2, Bytes{2, 2}}};
  draft.extensions = {{3, Bytes{3, 3, 3}}, {1'000'000, Bytes(100, 4)}};
  return written(maker, draft, maker.from, blocks_of(content));
}

Bytes optional_feature(const GoldenSites&, const Maker& maker) {
  const Content content = small_content(maker);
  ParcelDraft draft = draft_of(maker, {package_item(maker, content)});
  draft.optional_features = std::uint64_t{1} << 40;
  return written(maker, draft, maker.from, blocks_of(content));
}

Bytes stated_count(const GoldenSites&, const Maker& maker) {
  const Content content = small_content(maker);
  ParcelDraft draft = draft_of(maker, {package_item(maker, content)});
  draft.record_count = content.blocks.size();
  return written(maker, draft, maker.from, blocks_of(content));
}

Bytes skipped_frames(const GoldenSites&, const Maker& maker) {
  const auto frames = take_apart(good(maker));
  std::vector<LooseFrame> more;
  for (const LooseFrame& frame : frames) {
    more.push_back(frame);
    for (const std::uint8_t kind : {std::uint8_t{7}, std::uint8_t{8}, std::uint8_t{99}}) {
      more.push_back({kind, 5, to_bytes(as_bytes("F5PCL is passed over"))});
    }
  }
  return put_together(more);
}

Bytes unknown_record_kind(const GoldenSites&, const Maker& maker) {
  const Content content = small_content(maker);
  return written(maker, draft_of(maker, {package_item(maker, content)}), maker.from,
                 [&](ParcelWriter& writer) {
                   writer.add(content.blocks.at(0));
                   writer.add_sealed(writer.sealer().seal(1, 9, as_bytes("of a later version")));
                   writer.add(content.blocks.at(1));
                 });
}

Bytes any_order(const GoldenSites&, const Maker& maker) {
  auto frames = take_apart(good(maker));
  std::swap(frames.at(kRecordsAt), frames.at(kRecordsAt + 1));
  frames.insert(frames.begin() + kRecordsAt, frames.at(kRecordsAt + 1));
  return put_together(frames);
}

Bytes padding(const GoldenSites&, const Maker& maker) {
  Bytes parcel = good(maker);
  append(parcel, Bytes(2048));
  append(parcel, as_bytes("what an earlier file left on the medium"));
  return parcel;
}

Bytes recovery_data(const GoldenSites&, const Maker& maker) {
  return protected_by(good(maker), 20);
}

// One parcel of two records for both of its volumes, whatever they are called.
Bytes volume_of_two(const Maker& maker, std::uint32_t number) {
  constexpr std::string_view kName = "two-volumes";
  constexpr std::uint64_t kParcelNumber = 800'000;
  seed_libsodium(kName);
  SeededEntropy entropy = entropy_of(kName);
  const Maker both{maker.from,
                   maker.other_site,
                   maker.to,
                   entropy,
                   maker.now,
                   kParcelNumber,
                   PackageId::make(maker.from.code(), 0xA00)};
  const Bytes parcel = good(both);
  const VolumeCut cut(volume_of(parcel), "two-volumes");
  return all_of(
      cut.volume(cut_id(cut.header().label_digest, 2), number, 2, cut.run_of(number - 1, number)));
}

Bytes first_volume(const GoldenSites&, const Maker& maker) { return volume_of_two(maker, 1); }
Bytes second_volume(const GoldenSites&, const Maker& maker) { return volume_of_two(maker, 2); }

// Both are of one package, whatever their places in the list.
Maker of_base_package(const Maker& maker) { return of_package(maker, 0xB00); }

Bytes base_of_increment(const GoldenSites&, const Maker& maker) {
  return first_of_two(of_base_package(maker));
}

Bytes coded_against_a_base(const GoldenSites&, const Maker& maker) {
  return second_of_two(of_base_package(maker), kFeatureBases);
}

Bytes lean_increment(const GoldenSites&, const Maker& maker) {
  return second_of_two(of_base_package(maker), kFeatureBases | kFeatureLean,
                       RecordKind::lean_block);
}

}  // namespace

const std::vector<GoldenParcel>& golden_parcels() {
  static const std::vector<GoldenParcel> all = {
      {"one-package", "a package with its content, and nothing special", one_package},
      {"every-kind-of-entry",
       "files of no, one and several chunks, a hard link, a link, folders, modes, times before "
       "1970 and after 2106, attributes, names of any bytes",
       every_kind_of_entry},
      {"many-entries", "a folder of 600 files: directory nodes on two levels", many_entries},
      {"raw-block", "content that does not compress: codec 0", raw_block},
      {"several-addressees", "one payload for PSE and TEX, each with its number and job",
       several_addressees},
      {"increment", "version 2 on the base that one-package.pcl brought", increment},
      {"no-records", "a version that a base holds whole: a packing list alone", no_records},
      {"redistribute", "a version again, whole, for two distribution points by name", redistribute},
      {"remove", "the package of one-package.pcl, all versions", remove_package},
      {"announcement", "a version that is to come", announcement},
      {"request", "asks PSE for a package of its own", request},
      {"without-files", "a package that has no content at all", without_files},
      {"rotated-sender",
       "signed by PUN's second key; its certificate by the first rides in the label",
       rotated_sender},
      {"trust-rotation", "a rotation certificate as an item", trust_rotation},
      {"trust-revocation", "a key of ZZZ that is to be trusted no longer", trust_revocation},
      {"return", "from PSE to PUN: a report with something in every field", return_parcel},
      {"every-text", "names and comments in many scripts, with control and direction characters",
       every_text},
      {"unknown-extensions", "extensions of label, packing list and item, to be passed over",
       unknown_extensions},
      {"unknown-optional-feature", "optional feature bit 40, to be passed over", optional_feature},
      {"stated-record-count", "the label says how many records there are", stated_count},
      {"skipped-frames", "frames of kinds 7, 8 and 99 behind each frame, to be skipped",
       skipped_frames},
      {"unknown-record-kind", "a genuine record of kind 9, to be passed over", unknown_record_kind},
      {"records-in-any-order", "record 1, then record 0, then record 1 again", any_order},
      {"padding", "other bytes behind the end, not to be read", padding},
      {"recovery-data", "recovery data for a share of 20 % behind the end", recovery_data},
      {"volume-1-of-2", "the first record of a parcel of two", first_volume},
      {"volume-2-of-2", "the second record of that parcel, cut in the same way", second_volume},
      {"base", "the first version of a package, for the next", base_of_increment},
      {"coded-against-a-base",
       "version 2 in records coded against what base.pcl brought: critical feature *bases*, codecs "
       "2 and 3, nodes too, ranges of objects and of content over the seam of two chunks",
       coded_against_a_base},
      {"lean-blocks", "records of kind 2: blocks without the digests of their objects",
       lean_blocks},
      {"lean-increment", "the records of coded-against-a-base.pcl as lean blocks", lean_increment},
  };
  return all;
}

}  // namespace courier::test
