// Site PUN as its sender's desk sees it: a real ledger, packages as rows, parcels as small files in
// the outbox, and returns written by hand. Store, keys and trust list are there and stay empty.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "ledger/address_book.h"
#include "ledger/job_book.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/parcel_book.h"
#include "ledger/return_book.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "sender/distribute.h"
#include "sender/parcel_life.h"
#include "sender/record_map.h"
#include "sender/return_apply.h"
#include "sender/scheduler.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"
#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_clock.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"

namespace courier::test {

class Desk : public testing::Test {
 protected:
  Desk()
      : keys(KeyRing::create(fs, home.path(), SiteCode::parse("PUN"), "Pune", entropy, clock)),
        trust(TrustList::load(fs, home.path(), pun, clock)),
        ledger(Ledger::create(home / "ledger.sqlite", clock, {.who = "ana", .busy_timeout = {}})),
        store(Store::open(fs, home / "store", Store::Access::write)),
        context{ledger, store, keys, trust, fs, clock, entropy, journal, home.path()} {
    SiteBook(ledger).init_self(pun, "Pune", keys.incarnation());
    std::filesystem::create_directory(home / "outbox");
    join(pse);
  }

  static Incarnation incarnation(std::uint32_t ordinal) {
    Incarnation i;
    i.ordinal = ordinal;
    i.random.fill(static_cast<std::uint8_t>(ordinal));
    return i;
  }
  static Digest digest(std::string_view text) {
    return digest_of(DigestKind::file, as_bytes(text));
  }
  void join(const SiteCode& code) {
    SiteRow row;
    row.code = code;
    row.name = "site " + code.str();
    row.role = SiteRole::child;
    row.incarnation = incarnation(1);
    SiteBook(ledger).join(row);
  }

  static VersionRow version_row(const PackageId& id, std::uint32_t version) {
    VersionRow row;
    row.package = id;
    row.version = version;
    row.root = digest("root " + std::to_string(version) + " of " + id.str());
    row.files = 3;
    row.bytes = 1000;
    row.stored = true;
    return row;
  }
  PackageId package(std::uint32_t number, bool no_files = false) {
    PackageRow row;
    row.id = PackageId::make(pun, number);
    row.name = "Field tools";
    row.source_version = row.stored_version = 1;
    row.no_source = no_files;
    VersionRow version = version_row(row.id, 1);
    if (no_files) version.root = {};
    PackageBook(ledger).add(row, version);
    return row.id;
  }
  void new_version(const PackageId& id, std::uint32_t version) {
    PackageBook(ledger).add_version(version_row(id, version), "/src");
  }
  std::uint64_t distribute(const PackageId& id, const SiteCode& site,
                           const std::vector<std::string>& dps = {}) {
    return Distributor(context).distribute(id, {{site, dps}}).at(0).job;
  }

  // A Created parcel that carries these jobs of each addressee, an item for each.
  ParcelId parcel(const std::vector<SiteCode>& to,
                  const std::vector<std::vector<std::uint64_t>>& items,
                  ItemKind kind = ItemKind::package) {
    ParcelBook book(ledger);
    const std::vector<ParcelId> ids = book.reserve(to);
    ParcelRow row;
    for (const ParcelId& id : ids) {
      row.addressees.emplace_back();
      row.addressees.back().id = id;
    }
    row.label = label_of(ids.at(0));
    row.file = ids.at(0).str() + ".pcl";
    row.created = clock.now();
    std::vector<ParcelItemRow> rows;
    for (const auto& jobs_of_item : items) {
      ParcelItemRow item;
      item.index = static_cast<std::uint32_t>(rows.size());
      item.kind = kind;
      const JobRow job = jobs().get(jobs_of_item.at(0));
      if (job.kind == JobKind::remove) item.kind = ItemKind::remove;
      item.package = job.package;
      item.version = job.version;
      item.jobs = jobs_of_item;
      rows.push_back(item);
    }
    write_text(home / ("outbox/" + row.file), "sealed");
    write_text(home / ("outbox/" + record_map_name(row.label)), "map");
    book.create(row, rows);
    return ids.at(0);
  }
  ParcelId sent_parcel(const std::vector<std::vector<std::uint64_t>>& items) {
    const ParcelId id = parcel({pse}, items);
    ParcelLife(context).mark_sent(id);
    return id;
  }
  static Digest label_of(const ParcelId& id) { return digest("label of " + id.str()); }
  bool has_file(const ParcelId& id) const {
    return std::filesystem::exists(home / ("outbox/" + id.str() + ".pcl"));
  }
  bool has_map(const ParcelId& id) const {
    return std::filesystem::exists(home / ("outbox/" + record_map_name(label_of(id))));
  }

  // A return of PSE that says nothing yet.
  ReceivedReturn return_number(std::uint64_t number, std::uint32_t ordinal = 1) {
    ReceivedReturn r;
    r.id = {pse, pun, number};
    r.label = digest("return " + std::to_string(ordinal) + " " + r.id.str());
    r.incarnation = incarnation(ordinal);
    r.written = clock.now();
    r.format_version = 1;
    r.free_bytes = 5000;
    return r;
  }
  // "Item `index` of parcel `id`": what PSE says of it.
  ReturnVerdict& say(ReceivedReturn& r, const ParcelId& id, std::uint32_t index,
                     VerdictKind verdict, const std::string& reason = {}) {
    ReturnParcel* told = nullptr;
    for (ReturnParcel& p : r.parcels)
      if (p.id == id) told = &p;
    if (told == nullptr) {
      told = &r.parcels.emplace_back();
      told->id = id;
      told->label = label_of(id);
      told->state = IncomingState::processed;
    }
    const ParcelItemRow item = ParcelBook(ledger).items(id).at(index);
    ReturnVerdict& v = told->items.emplace_back();
    v.index = index;
    v.kind = item.kind;
    v.package = item.package;
    v.version = item.version;
    v.verdict = verdict;
    v.reason = reason;
    return v;
  }
  static void hold(ReceivedReturn& r, const PackageId& id, std::uint32_t version,
                   const std::vector<Digest>& missing = {}) {
    r.holdings.push_back({id, version, version_row(id, version).root, false, missing});
  }
  void dp_says(ReceivedReturn& r, const std::string& dp, const PackageId& id, std::uint32_t version,
               PackageState state, const std::string& reason = {}) {
    ReturnDpState row;
    row.dp = dp;
    row.package = id;
    row.version = version;
    row.served = state == PackageState::installed ? version : 0;
    row.state = state;
    row.reason = reason;
    row.as_of = clock.now();
    r.dp_states.push_back(row);
  }
  // As `receive` does: stored by the importer, then applied.
  AppliedReturn apply(const ReceivedReturn& r) {
    EXPECT_TRUE(ReturnBook(ledger).store(r));
    const std::vector<AppliedReturn> applied = ReturnApplier(context).apply_pending();
    EXPECT_EQ(applied.size(), 1u);
    return applied.at(0);
  }

  JobBook jobs() { return JobBook(ledger); }
  JobRow job(std::uint64_t number) { return jobs().get(number); }
  ParcelAddressee addressee(const ParcelId& id) {
    return *ParcelBook(ledger).get(id).addressee(id.to);
  }
  std::optional<PackageDpRow> view(const PackageId& id, const std::string& dp = {},
                                   const SiteCode& site = SiteCode::parse("PSE")) {
    return PackageDpBook(ledger).find({site, dp, id});
  }
  std::vector<std::string> events(std::uint64_t number) {
    std::vector<std::string> out;
    for (const HistoryRow& row : ledger.history("job", std::to_string(number)))
      out.push_back(row.event);
    return out;
  }

  const SiteCode pun = SiteCode::parse("PUN"), pse = SiteCode::parse("PSE"),
                 tex = SiteCode::parse("TEX");
  TempFolder home{memory_folder()};
  PosixFileSystem fs;
  FakeClock clock;
  SeededEntropy entropy;
  Journal journal;
  KeyRing keys;
  TrustList trust;
  Ledger ledger;
  Store store;
  SenderParts context;
};

}  // namespace courier::test
