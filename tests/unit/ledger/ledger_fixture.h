// A ledger of site PUN in a temporary folder, with a clock that is ticked by hand.
#pragma once

// The rows are written with the few members a test is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <string>

#include "base/error.h"
#include "ledger/job_book.h"
#include "ledger/ledger.h"
#include "ledger/package_book.h"
#include "ledger/parcel_book.h"
#include "ledger/site_book.h"

namespace courier {

class TickedClock final : public Clock {
 public:
  Time now() const override { return now_; }
  std::chrono::nanoseconds monotonic() const override { return now_.time_since_epoch(); }
  void tick(std::chrono::nanoseconds by) { now_ += by; }

 private:
  Time now_ = from_seconds(2'000'000'000);
};

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    std::string name = testing::TempDir() + "ledgerXXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = folder_ + "/ledger.sqlite";
    ledger_ = std::make_unique<Ledger>(Ledger::create(path_, clock_, {.who = "ana"}));
    SiteBook(*ledger_).init_self(pun_, "Pune", incarnation(1));
  }
  ~LedgerTest() override {
    ledger_.reset();
    std::filesystem::remove_all(folder_);
  }

  static Incarnation incarnation(std::uint32_t ordinal) {
    Incarnation i;
    i.ordinal = ordinal;
    i.random.fill(static_cast<std::uint8_t>(0xA0 + ordinal));
    return i;
  }
  void join(const SiteCode& code, SiteRole role = SiteRole::child) {
    SiteRow s;
    s.code = code;
    s.name = "site " + code.str();
    s.role = role;
    s.incarnation = incarnation(1);
    SiteBook(*ledger_).join(s);
  }
  static Digest digest(std::string_view text) {
    return digest_of(DigestKind::file, as_bytes(text));
  }
  PackageId add_package(std::uint32_t number = 0x20, std::uint64_t bytes = 1000) {
    PackageRow p;
    p.id = PackageId::make(pun_, number);
    p.name = "Field tools";
    VersionRow v;
    v.version = 1;
    v.root = digest("root 1 of " + p.id.str());
    v.bytes = bytes;
    v.files = 3;
    PackageBook(*ledger_).add(p, v);
    return p.id;
  }
  void add_version(const PackageId& id, std::uint32_t version) {
    VersionRow v;
    v.package = id;
    v.version = version;
    v.root = digest("root " + std::to_string(version) + " of " + id.str());
    v.bytes = 1000;
    PackageBook(*ledger_).add_version(v, "/src");
  }
  std::uint64_t add_job(const PackageId& package, const SiteCode& site,
                        Priority priority = Priority::medium, std::uint32_t version = 1) {
    NewJob j;
    j.package = package;
    j.version = version;
    j.site = site;
    j.priority = priority;
    return JobBook(*ledger_).accept(j, "operator");
  }
  // Of a new package, to a site that joins.
  std::pair<PackageId, std::uint64_t> routed_job(const SiteCode& site) {
    join(site);
    const PackageId package = add_package();
    const std::uint64_t job = add_job(package, site);
    JobBook(*ledger_).route(job, "courier");
    return {package, job};
  }
  // A parcel for each addressee, Created.
  std::vector<ParcelId> create_parcel(const std::vector<SiteCode>& to,
                                      const std::vector<ParcelItemRow>& items = {},
                                      bool is_return = false) {
    ParcelBook parcels(*ledger_);
    const std::vector<ParcelId> ids = parcels.reserve(to);
    ParcelRow row;
    row.is_return = is_return;
    for (const ParcelId& id : ids) row.addressees.push_back({.id = id});
    row.label = digest("label of " + ids[0].str());
    row.file = ids[0].str() + ".pcl";
    row.created = clock_.now();
    parcels.create(row, items);
    return ids;
  }
  Ledger reopen() { return Ledger::open(path_, clock_, {.who = "ana"}); }

  const SiteCode pun_ = SiteCode::parse("PUN"), pse_ = SiteCode::parse("PSE"),
                 tex_ = SiteCode::parse("TEX");
  TickedClock clock_;
  std::string folder_, path_;
  std::unique_ptr<Ledger> ledger_;
};

// The code of the Error that `act` throws; fails the test when it throws none.
inline ErrorCode code_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e.code();
  }
  ADD_FAILURE() << "no error was thrown";
  return ErrorCode::internal;
}

}  // namespace courier
