// Site PUN with everything the outbound side works with, and receivers whose keys it knows.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/journal.h"
#include "ledger/job_book.h"
#include "ledger/package_book.h"
#include "ledger/return_book.h"
#include "ledger/site_book.h"
#include "parcel/parcel_reader.h"
#include "sender/parcel_builder.h"
#include "sender/sender_parts.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"
#include "store/block_against.h"
#include "store/lean_block.h"
#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/plain_frames.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_files.h"

namespace courier::test {

struct Receiver {
  Receiver(const std::string& code_text, const Clock& clock)
      : entropy(static_cast<std::uint64_t>(code_text[0]) * 256 + code_text[1]),
        keys(KeyRing::create(fs, folder.path(), SiteCode::parse(code_text), "Site " + code_text,
                             entropy, clock)) {}
  const SiteCode& code() const { return keys.code(); }

  TempFolder folder;
  PosixFileSystem fs;
  SeededEntropy entropy;
  KeyRing keys;
};

class Origin {
 public:
  Origin()
      : keys(KeyRing::create(real, home.path(), SiteCode::parse("PUN"), "Pune", entropy, clock)),
        trust(TrustList::load(real, home.path(), keys.code(), clock)),
        ledger(Ledger::create(home / "ledger.sqlite", clock, {.who = "ana", .busy_timeout = {}})),
        store(Store::open(real, home / "store", Store::Access::write)) {
    SiteBook(ledger).init_self(keys.code(), "Pune", keys.incarnation());
  }

  SenderParts context() { return context_on(real); }
  SenderParts context_on(FileSystem& fs) {
    return {ledger, store, keys, trust, fs, clock, entropy, journal, home.path()};
  }

  void join(Receiver& site) {
    const SiteIdentity identity = site.keys.identity(kFormatVersion, 0);
    trust.join(identity, SiteRole::child, JoinDecision::by_trust());
    SiteRow row;
    row.code = site.code();
    row.name = identity.name;
    row.role = SiteRole::child;
    row.incarnation = identity.incarnation;
    row.format_version = identity.format_version;
    SiteBook(ledger).join(row);
  }

  // Writes files (path -> text) as a source and takes it in; version 1 is a new package.
  VersionRow take_in(const PackageId& id, std::uint32_t version,
                     const std::map<std::string, std::string>& files) {
    const std::string source = home / ("source-" + id.str() + "-" + std::to_string(version));
    write_files(source, files);
    const SnapshotResult snapshot = store.snapshot(source);
    VersionRow row;
    row.package = id;
    row.version = version;
    row.root = snapshot.root;
    row.files = snapshot.totals.files;
    row.bytes = snapshot.totals.bytes;
    row.stored = true;
    row.created = clock.now();
    if (version == 1) {
      PackageRow package;
      package.id = id;
      package.name = "Field tools";
      package.source_path = source;
      package.source_version = package.stored_version = 1;
      package.created = clock.now();
      PackageBook(ledger).add(package, row);
    } else {
      PackageBook(ledger).add_version(row, source);
    }
    return row;
  }

  std::uint64_t job_for(const VersionRow& version, const Receiver& site,
                        JobKind kind = JobKind::distribute, Priority priority = Priority::medium) {
    NewJob job;
    job.kind = kind;
    job.package = version.package;
    job.version = version.version;
    job.site = site.code();
    job.priority = priority;
    job.total_bytes = version.bytes;
    return JobBook(ledger).accept(job, "operator");
  }

  // What a return of this site would prove, written by a program that reads these features.
  void prove(const Receiver& site, const std::vector<VersionRow>& versions,
             const std::vector<Digest>& missing = {}, std::uint64_t features = 0) {
    ReceivedReturn r;
    r.format_version = kFormatVersion;
    r.features = features;
    for (const VersionRow& v : versions) {
      r.holdings.push_back({v.package, v.version, v.root, false, missing});
    }
    ReturnBook(ledger).replace_proofs(site.code(), r);
  }

  TempFolder home;
  PosixFileSystem real;
  FakeClock clock;
  SeededEntropy entropy;
  Journal journal;
  KeyRing keys;
  TrustList trust;
  Ledger ledger;
  Store store;
};

struct ReadBack {
  Label label;
  PackingList list;
  std::vector<BlockObject> objects;  // verified, in the order of the records
  std::uint64_t records = 0;
  std::vector<BaseRange> bases;  // of all records that are coded against some
};

// Opens a parcel as `site` and verifies all of it. held: has what records are coded against.
inline ReadBack read_back(const std::string& path, const Receiver& site, const KeyRing& sender,
                          Store* held = nullptr) {
  PosixFileSystem fs;
  const Fd file = fs.open(path, O_RDONLY, 0);
  ParcelReader reader(test::plain_frames(file_source(fs, file)), path);
  const VerifiedHead head = verify_head(reader.read_head(), sender.public_keys().signing);
  const OpenedParcel opened = open_parcel(head, site.keys);
  ReadBack out{head.label(), opened.packing_list, {}, 0, {}};
  while (const auto raw = reader.next_record()) {
    const OpenedRecord record = opened.opener.open(*raw);
    EXPECT_TRUE(record.ok()) << "record " << raw->number;
    EXPECT_EQ(raw->number, out.records++);
    LeanBlock lean;
    Block& block = lean.block;
    const bool is_lean = record.kind == RecordKind::lean_block;
    if (is_lean) {
      EXPECT_TRUE(head.label().critical_features & kFeatureLean);
      lean = decode_lean(record.plaintext);
    } else {
      block = decode_block(record.plaintext);
    }
    Bytes bytes;
    if (held && block.has_base()) {
      std::vector<BaseRange> ranges = base_ranges(block);
      if (is_lean) ranges = held->complete_names(ranges);
      bytes = decompress_against(block, held->read_base(ranges));
      out.bases.insert(out.bases.end(), ranges.begin(), ranges.end());
    } else {
      bytes = decompress(block);
    }
    if (is_lean) {
      block = with_digests(LeanBlock(lean), digests_in(block, bytes));
    } else {
      verify_objects(block, bytes);
    }
    for (const BlockObject& object : block.objects) out.objects.push_back(object);
  }
  const ParcelTail tail = reader.finish(head);
  EXPECT_EQ(tail.end, EndState::genuine);
  EXPECT_EQ(tail.record_count, out.records);
  return out;
}

}  // namespace courier::test
