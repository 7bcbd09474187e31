// ItemRunner: executes the items of an accepted parcel, each once (behaviours.md R12).
//
// Works from the rows alone, so that it goes on after a crash and without the medium. An item's
// steps: judged by the rules -> its content is whole in the store -> one transaction {package row,
// stored version, order, 4400, targets on the DPs} -> the DPs -> its verdict. The transaction is
// told from its absence by the item's local job, so that running twice is running once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "distribution/distribution_manager.h"
#include "importer/parcel_progress.h"
#include "importer/parts.h"
#include "ledger/incoming_book.h"
#include "parcel/packing_list.h"
#include "parcel/record_ranges.h"
#include "signer/trust_list.h"

namespace courier {

// What came of one item in this run.
struct RunItem {
  IncomingItem row;       // as it stands now
  int status = 0;         // exit status it stands for
  std::string hint = {};  // what to do about a DP that did not get it
};

class ItemRunner {
 public:
  explicit ItemRunner(const ImporterParts& parts) : parts_(parts) {}

  // Runs what waits and is due, and judges damaged and incomplete items again: what was missing may
  // have come. missing: records of the parcel that are not here; without_base: those of them that
  // are whole and build on what is not here.
  std::vector<RunItem> run(const IncomingParcel& parcel, const RecordRanges& missing,
                           const RecordRanges& without_base, ParcelProgress& progress);

  // The items that still want content of this parcel: without any, its records are not read.
  bool wants_content(const IncomingParcel& parcel);

  // What comes with another volume is waited for: announced, and Install Pending where it is to go.
  void expect_content(const IncomingParcel& parcel);

  // Items that are stored and wait for a share that failed: run() tries those again, too, their
  // time come or not.
  bool waits_for_shares(const IncomingParcel& parcel);

 private:
  bool waits_for_shares(const IncomingItem& row);
  // Records that an item lacks.
  struct Lacking {
    const RecordRanges& missing;
    const RecordRanges& without_base;
  };
  RunItem run_one(const IncomingParcel& parcel, IncomingItem row, const Lacking& records);
  RunItem take_package(const IncomingParcel& parcel, IncomingItem row, const Item& item,
                       const Lacking& records, bool newer_job);
  void record_stored(const IncomingParcel& parcel, IncomingItem& row, const Item& item,
                     bool newer_job);
  void expect(const Item& item, bool newer_job);
  RunItem publish(IncomingItem row, const Item& item);
  RunItem announce(const IncomingParcel& parcel, IncomingItem row, const Item& item,
                   bool newer_job);
  RunItem remove(const IncomingParcel& parcel, IncomingItem row, const Item& item);
  RunItem take_trust(const IncomingParcel& parcel, IncomingItem row, const Item& item);
  RunItem take_report(const IncomingParcel& parcel, IncomingItem row, const Item& item);
  // Leaves it waiting for despool.retry-interval.
  RunItem retry_later(IncomingItem row, const std::string& reason, int status);
  RunItem finish(IncomingItem row, VerdictKind verdict, const std::string& reason,
                 const RecordRanges& missing = {}, const std::vector<Digest>& objects = {});
  std::vector<std::string> known_dps(const Item& item, std::string& unknown);

  const ImporterParts& parts_;
  ProgressSink progress_;  // of the item that is run
};

// 0 installed, stored, removed, superseded, announced; 3 refused; 4 damaged; 5 incomplete.
int status_of(VerdictKind verdict);

}  // namespace courier
