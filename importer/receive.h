// Receive: takes in the parcels of a medium that are addressed to this site, returns included; the
// despooler. Every offered parcel goes through the states of behaviours.md 10.3:
//
//   Offered -> Identified -> Verifying -> Accepted -> Processed
//      |            |            |-> Incomplete (records missing; the medium again goes on)
//      |            |-> Quarantined (signer not known: kept, tried again when a key comes)
//      |-> Refused (addressed elsewhere, revoked, replayed, ...)
//
// A parcel may come as volumes, in any order, on any day, from any drive and of different cuts:
// what each of them has is taken in as it comes, and the last one finishes it by itself.
//
// One forward pass over each file: read -> authenticate and open -> decompress and verify digests
// -> append to packs, each step in its own thread or pool, a few blocks between them. What has come
// is noted in the ledger, as ranges of record numbers, after the packs that hold it are durable, so
// that kill -9 at any step loses no more than the pack under way. Items run when all of theirs is
// in the store. Rows before work, work before verdicts, verdicts before Processed: once Processed a
// parcel is remembered by its label digest and never runs again.
//
// Callers hold the home's lock and have unlocked the keys.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/progress.h"
#include "distribution/distribution_manager.h"
#include "importer/identify.h"
#include "importer/parts.h"
#include "ledger/states.h"
#include "parcel/record_ranges.h"

namespace courier {

struct ReceiveOptions {
  ProgressSink progress;
  // Asked for each parcel that could be taken in; absent: yes (--yes).
  std::function<bool(const Offer&)> accept;
  // Where return parcels are written, proved by reading back; empty: only into the outbox.
  std::string return_to;
  // Makes that place ready to be written to, when there is something to write; absent: it is.
  std::function<void()> before_return;
};

struct ReceivedItem {
  std::uint64_t job = 0;
  std::string kind;
  PackageId package;
  std::uint32_t version = 0;
  std::optional<VerdictKind> verdict;  // none: it waits
  std::string reason;
};

struct ReceivedParcelReport {
  Offer offer;
  IncomingState state = IncomingState::refused;
  bool declined = false;          // the operator said no: nothing was changed
  bool already_received = false;  // Processed before: nothing was changed
  std::vector<ReceivedItem> items;
  RecordRanges missing_records;
  std::vector<std::uint64_t> missing_volumes;  // by number, when volumes tell of others
  std::vector<std::uint64_t> damaged_volumes;  // came, and not all of them is whole
  std::uint32_t volumes = 0;                   // of them; 0: not known
  std::vector<std::string> paths;              // of all its volumes and copies on the medium
  std::uint64_t records = 0, new_bytes = 0;    // taken in now
  std::uint64_t damaged_records = 0;           // of this copy: not what was written, or not genuine
  std::uint64_t damaged_bytes = 0;             // between the records
  bool is_end_damaged = false, is_end_forged = false;
  std::uint64_t forged_records = 0;  // not signed by the parcel's key
  RecordRanges without_base;  // of missing_records: whole, and coded against what is not here
  std::optional<Error> missing_base;  // of the first of them
  // What the recovery data of its volumes brought back, and what is beyond repair.
  std::uint64_t repaired_cells = 0, repaired_bytes = 0, lost_bytes = 0;
  std::optional<Error> killed;  // a record ended the confined child that opened it
  std::string remark;           // worth saying, and nothing went wrong
  std::string hint;             // what to do about a DP that did not get an item
  std::optional<Error> error;   // refused, damaged, no space, quarantined: the three-part message
  std::string return_id;        // "PSE-PUN-000003": the return made for it
  int exit_status = 0;
};

struct WrittenReturn {
  std::string id;  // "PSE-PUN-000003"
  SiteCode to;
  std::string outbox_path;
  std::string written_path;    // the proved copy; empty: none was asked for, or see error
  std::optional<Error> error;  // the copy could not be written: all is in nevertheless (11)
};

struct ReceiveReport {
  std::vector<ReceivedParcelReport> parcels;  // for this site
  std::vector<Offer> left_alone;              // own, for others
  std::vector<WrittenReturn> returns;
  bool returns_stored = false;  // a return was among them: sender's return_apply is next
  PublishReport published;      // of run_waiting: the transfers that were due
  int exit_status = 0;
};

// Errors: as open_medium and Medium::scan (media/medium.h); what stops everything: device,
// no_space, of the home itself. One parcel's failure does not stop the next.
ReceiveReport receive(const ImporterParts& parts, const std::string& source,
                      const ReceiveOptions& options);

// Parcels in quarantine whose key is here now run; those whose key.wait is over get their negative
// verdict; items that waited are tried again; transfers that are due are done. What `job run` and
// `site join` call. exit_status is of the parcels; published has its own.
ReceiveReport run_waiting(const ImporterParts& parts, const ProgressSink& progress);

// parcel discard for a parcel in quarantine, or one that came in part and stays Incomplete.
// Errors: not_found; not_allowed, when it is in quarantine and taken in. Ensures: the row goes
// before the file.
void discard_incoming(const ImporterParts& parts, const ParcelId& id);

}  // namespace courier
