// The ledger when its disk fails or the machine stops at any change of its files.
#include <cstring>
#include <set>

#include "ledger/package_dp_book.h"
#include "ledger/parcel_book.h"
#include "ledger/sql.h"
#include "tests/unit/ledger/fault_vfs.h"
#include "tests/unit/ledger/ledger_fixture.h"

namespace courier {
namespace {

// A file of the kernel's VFS behind one of ours; its room follows in memory.
struct FaultFile {
  sqlite3_file base;
  FaultVfs* owner;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
FaultFile* of(sqlite3_file* f) { return reinterpret_cast<FaultFile*>(f); }
sqlite3_file* real(sqlite3_file* f) { return of(f)->real(); }

const sqlite3_io_methods kMethods = {
    1,
    [](sqlite3_file* f) { return real(f)->pMethods ? real(f)->pMethods->xClose(real(f)) : 0; },
    [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
      return real(f)->pMethods->xRead(real(f), to, n, at);
    },
    [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
      const int fault = of(f)->owner->judge();
      return fault ? fault : real(f)->pMethods->xWrite(real(f), from, n, at);
    },
    [](sqlite3_file* f, sqlite3_int64 size) {
      const int fault = of(f)->owner->judge();
      return fault ? fault : real(f)->pMethods->xTruncate(real(f), size);
    },
    [](sqlite3_file* f, int flags) {
      const int fault = of(f)->owner->judge();
      return fault ? fault : real(f)->pMethods->xSync(real(f), flags);
    },
    [](sqlite3_file* f, sqlite3_int64* size) {
      return real(f)->pMethods->xFileSize(real(f), size);
    },
    [](sqlite3_file* f, int lock) { return real(f)->pMethods->xLock(real(f), lock); },
    [](sqlite3_file* f, int lock) { return real(f)->pMethods->xUnlock(real(f), lock); },
    [](sqlite3_file* f, int* out) { return real(f)->pMethods->xCheckReservedLock(real(f), out); },
    [](sqlite3_file* f, int op, void* arg) {
      return real(f)->pMethods->xFileControl(real(f), op, arg);
    },
    [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); },
    [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); },
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr};

sqlite3_vfs* g_real = nullptr;  // the callbacks of SQLite's interface reach it only so

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  auto* const f = of(file);
  f->owner = static_cast<FaultVfs*>(vfs->pAppData);
  f->base.pMethods = nullptr;
  const int result = g_real->xOpen(g_real, name, f->real(), flags, out);
  if (result == SQLITE_OK) f->base.pMethods = &kMethods;
  return result;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync) {
  const int fault = static_cast<FaultVfs*>(vfs->pAppData)->judge();
  return fault ? fault : g_real->xDelete(g_real, name, sync);
}

}  // namespace

FaultVfs::FaultVfs() {
  g_real = sqlite3_vfs_find(nullptr);
  vfs_ = *g_real;
  vfs_.pNext = nullptr;
  vfs_.zName = "faults";
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(FaultFile)) + g_real->szOsFile;
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  sqlite3_vfs_register(&vfs_, 1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(g_real, 1);
}

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
  void at_every_change(FaultVfs::Fault fault) {
    FaultVfs vfs;
    int failed = 0;
    for (int at = 0;; ++at) {
      restore_file();
      given_.clear();
      bool threw = false;
      {
        Ledger ledger = Ledger::open(path_, clock_, {.who = "ana"});
        vfs.arm(fault, at);
        try {
          make_parcel(ledger);
        } catch (const Error& e) {
          threw = true;
          EXPECT_TRUE(e.code() == ErrorCode::device || e.code() == ErrorCode::no_space) << e.what();
        }
        // A full disk goes by: the same connection goes on.
        if (fault == FaultVfs::Fault::full) {
          vfs.disarm();
          check(ledger);
        }
      }
      vfs.disarm();
      Ledger again = Ledger::open(path_, clock_, {.who = "ana"});
      check(again);
      // A number that somebody was given is never given again.
      const auto next = ParcelBook(again).reserve({pse_})[0].number;
      EXPECT_FALSE(given_.contains(next)) << "at change " << at;
      if (!threw) break;
      ++failed;
    }
    EXPECT_GT(failed, 8);
  }

  PackageId package_;
  std::uint64_t job_ = 0;
  std::set<std::uint64_t> given_;
};

TEST_F(LedgerFaults, StoppedAtAnyChangeIsWholeWhenOpenedAgain) {
  at_every_change(FaultVfs::Fault::stops);
}

TEST_F(LedgerFaults, AFullDiskAtAnyChangeLosesNothing) { at_every_change(FaultVfs::Fault::full); }

TEST_F(LedgerFaults, StoppedWhileItIsMadeIsTakenUp) {
  FaultVfs vfs;
  const std::string fresh = folder_ + "/fresh";
  int failed = 0;
  for (int at = 0;; ++at) {
    std::filesystem::remove(fresh);
    std::filesystem::remove(fresh + "-journal");
    vfs.arm(FaultVfs::Fault::stops, at);
    bool threw = false;
    try {
      Ledger::create(fresh, clock_, {.who = "ana"});
    } catch (const Error& e) {
      threw = true;
      EXPECT_EQ(e.code(), ErrorCode::device) << e.what();
    }
    vfs.disarm();
    Ledger again = Ledger::open(fresh, clock_, {.who = "ana"});
    SiteBook(again).init_self(tex_, "Texas", incarnation(1));
    if (!threw) break;
    ++failed;
  }
  EXPECT_GT(failed, 8);
}

}  // namespace
}  // namespace courier
