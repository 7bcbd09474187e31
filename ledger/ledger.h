// Ledger: the site's records in HOME/ledger.sqlite. It stands beside the flow: every room above the
// store writes here what became of a package, a job, a parcel, an item, a DP, and reads it again
// after a crash. The books (job_book.h, parcel_book.h, ...) are views of one Ledger; this header
// has the file itself: opening, migrating, transactions, the copy for a backup.
//
// SQLite through SOCI: rollback journal, synchronous=EXTRA, foreign keys on, STRICT tables. No WAL:
// several short-lived processes write, and SQLite 3.40.1 has the WAL-reset bug. `set`, `mark` and
// `cancel` are short transactions that do not take the home's lock: they wait for each other by
// SQLite's own lock, busy_timeout long, and running work reads its rows again at its next item.
//
// Invariants:
// 1. A state changes by an arrow of behaviours.md section 10 only; triggers refuse every other
//    change, also one made by a faulty program.
// 2. Every change of state has a row in `history`, which is append-only: when, who, on what
//    evidence.
// 3. A row that says something is on disk is committed after it is durable there.
//
// Thread-safe: calls and transactions of one Ledger exclude each other (a recursive mutex), so that
// the workers of one command share one Ledger.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/vocabulary.h"

namespace courier {

inline constexpr int kLedgerVersion = 6;

struct LedgerOptions {
  std::string who;  // the operator, kept in the history; empty: the user's login name
  std::chrono::milliseconds busy_timeout{15000};
  bool migrates = true;  // one that an older courier wrote; else that is an error of open()
};

struct HistoryRow {
  Time time;
  std::string who;
  std::string event;  // the arrow: "J7"
  std::string from, to;
  std::string evidence;  // "return PSE-PUN-000003", "parcel PUN-PSE-000001", "operator"
};

class Ledger {
 public:
  // Makes the file, 0600, and its tables. Errors: not_allowed when there is one; no_space, device.
  static Ledger create(const std::string& path, const Clock& clock, LedgerOptions options = {});
  // Opens and, when it was written by an older courier, migrates it step by step, each step one
  // transaction. Errors: not_found; newer_ledger, naming both versions; not_allowed when it would
  // have to be migrated and is not to be; damaged when it is no ledger; busy, device.
  static Ledger open(const std::string& path, const Clock& clock, LedgerOptions options = {});
  // Whether open() would migrate it: not while another courier, maybe an older one, works on the
  // home. False when there is none. Errors: as open, but newer_ledger.
  static bool is_older(const std::string& path, const Clock& clock);
  Ledger(Ledger&&) noexcept;
  ~Ledger();

  const std::string& who() const;
  const Clock& clock() const;

  // A consistent copy of the whole ledger at `path` (SQLite's backup interface), synced.
  // Errors: not_allowed when path exists; no_space, device.
  void copy_to(const std::string& path);

  // The changes of one thing, oldest first. kind: "job", "parcel", "incoming", "package-dp",
  // "transfer"; subject: "12", "PUN-PSE-000001", a label digest in hex, "PSE/D1/PUN00020", "4/D1".
  std::vector<HistoryRow> history(const std::string& kind, const std::string& subject);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Everything done through the books of `ledger` by this thread until commit() happens together or
// not at all. A transaction within a transaction is a savepoint. Not committed: rolled back.
// Keep it short: no file is read or written within one, except by the functions that say so.
class Transaction {
 public:
  explicit Transaction(Ledger& ledger);  // Errors: busy, after the busy timeout
  explicit Transaction(Ledger::Impl& impl);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  void commit();

 private:
  Ledger::Impl& impl_;
  int depth_;
  bool done_ = false;
};

}  // namespace courier
