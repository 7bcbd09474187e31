// The ledger when its disk fails or the machine stops at any change of its files.
#include <cerrno>
#include <set>

#include "ledger/package_dp_book.h"
#include "ledger/parcel_book.h"
#include "ledger/sql.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/seam_vfs.h"
#include "tests/unit/ledger/ledger_fixture.h"

namespace courier {
namespace {

class LedgerFaults : public LedgerTest {
 protected:
  LedgerFaults() {
    join(pse_);
    package_ = add_package();
    job_ = add_job(package_, pse_);
    JobBook(*ledger_).route(job_, "courier");
    PackageDpBook(*ledger_).target({pse_, "", package_}, 1, job_, false, PendingReason::not_created,
                                   "test");
    ledger_.reset();
    std::filesystem::copy_file(path_, folder_ + "/before");
  }
  void restore_file() {
    std::filesystem::remove(path_ + "-journal");
    std::filesystem::copy_file(folder_ + "/before", path_,
                               std::filesystem::copy_options::overwrite_existing);
  }
  // A number, then a parcel with its job: two commits.
  void make_parcel(Ledger& ledger) {
    ParcelBook book(ledger);
    const auto ids = book.reserve({pse_});
    given_.insert(ids[0].number);
    ParcelRow row{.label = digest("label " + ids[0].str())};
    row.addressees = {{.id = ids[0]}};
    book.create(row, {{.package = package_, .version = 1, .jobs = {job_}}});
  }
  // The file is sound, and job, parcel, state and history say the same.
  void check(Ledger& ledger) {
    EXPECT_EQ(std::get<0>(*sql::row<std::string>(ledger.impl(), "PRAGMA integrity_check")), "ok");
    EXPECT_TRUE((sql::rows<std::string>(ledger.impl(), "SELECT 'bad' FROM pragma_foreign_key_check")
                     .empty()));
    const JobRow job = JobBook(ledger).get(job_);
    const auto parcels = ParcelBook(ledger).list();
    const auto pending = PackageDpBook(ledger).get({pse_, "", package_}).pending;
    if (job.step == JobStep::in_parcel) {
      ASSERT_EQ(parcels.size(), 1u);
      EXPECT_EQ(job.parcel, parcels[0].addressees[0].id.str());
      EXPECT_EQ(pending, PendingReason::created);
      EXPECT_EQ(ledger.history("job", std::to_string(job_)).back().event, "J5");
    } else {
      EXPECT_EQ(job.step, JobStep::routed);
      EXPECT_TRUE(parcels.empty());
      EXPECT_EQ(pending, PendingReason::not_created);
      EXPECT_EQ(ledger.history("job", std::to_string(job_)).back().event, "J2");
    }
  }
  // stays: as when the machine stops there; else the one call fails, as on a full disk.
  void at_every_call(int errno_value, bool stays) {
    int failed = 0;
    for (std::uint64_t at = 1;; ++at) {
      restore_file();
      given_.clear();
      bool threw = false;
      {
        Ledger ledger = Ledger::open(path_, clock_, {.who = "ana"});
        disk_.fail_at(at, errno_value, stays);
        try {
          make_parcel(ledger);
        } catch (const Error& e) {
          threw = true;
          EXPECT_TRUE(e.code() == ErrorCode::device || e.code() == ErrorCode::no_space) << e.what();
        }
        // What failed once goes by: the same connection goes on.
        if (!stays) {
          disk_.heal();
          check(ledger);
        }
      }
      disk_.heal();
      Ledger again = Ledger::open(path_, clock_, {.who = "ana"});
      check(again);
      // A number that somebody was given is never given again.
      const auto next = ParcelBook(again).reserve({pse_})[0].number;
      EXPECT_FALSE(given_.contains(next)) << "at change " << at;
      if (disk_.failed_call().empty()) break;
      failed += threw;
    }
    EXPECT_GT(failed, 8);
  }

  PosixFileSystem real_;
  test::FaultyFileSystem disk_{real_};
  test::SeamVfs vfs_{disk_};
  PackageId package_;
  std::uint64_t job_ = 0;
  std::set<std::uint64_t> given_;
};

TEST_F(LedgerFaults, StoppedAtAnyCallIsWholeWhenOpenedAgain) { at_every_call(EIO, true); }

TEST_F(LedgerFaults, AFailureOfAnyOneCallLosesNothing) { at_every_call(EIO, false); }

TEST_F(LedgerFaults, AFullDiskAtAnyChangeLosesNothing) {
  disk_.fail_only({"create", "pwrite", "truncate", "sync"});
  at_every_call(ENOSPC, false);
}

TEST_F(LedgerFaults, StoppedWhileItIsMadeIsTakenUp) {
  const std::string fresh = folder_ + "/fresh";
  int failed = 0;
  for (std::uint64_t at = 1;; ++at) {
    std::filesystem::remove(fresh);
    std::filesystem::remove(fresh + "-journal");
    disk_.fail_at(at, EIO, true);
    bool threw = false;
    try {
      Ledger::create(fresh, clock_, {.who = "ana"});
    } catch (const Error& e) {
      threw = true;
      EXPECT_EQ(e.code(), ErrorCode::device) << e.what();
    }
    disk_.heal();
    Ledger again = Ledger::open(fresh, clock_, {.who = "ana"});
    SiteBook(again).init_self(tex_, "Texas", incarnation(1));
    if (disk_.failed_call().empty()) break;
    failed += threw;
  }
  EXPECT_GT(failed, 8);
}

}  // namespace
}  // namespace courier
