// IncomingBook: parcels at their receiver, keyed by label digest, their items, and the arrows of
// behaviours.md 10.3. Nothing is keyed by a number before its signature was verified; only
// Processed is remembered against a later copy.
//
//   quarantine (R5) --R6--> verifying --R11--> accepted --R13--> processed
//   quarantine --R7--> refused --R6--> verifying
//   begin (R8) ---------> verifying <--R9--> incomplete --R9--> verifying
//   refused (R3, R10): a row for the record; judged afresh when offered again (begin again)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/vocabulary.h"
#include "ledger/ledger.h"
#include "ledger/states.h"

namespace courier {

struct IncomingParcel {
  Digest label;
  ParcelId id;  // for this site
  Incarnation sender_incarnation;
  std::string name, comment;
  std::string signer;  // fingerprint in hex
  bool is_return = false;
  Time written;  // as the label says
  Time arrived;
  IncomingState state = IncomingState::verifying;
  std::string reason;                         // of refused, incomplete, quarantined
  std::optional<std::uint64_t> record_count;  // when known
  std::vector<NumberRange> received;          // authentic records whose blocks are durable here
  std::uint64_t item_count = 0, content_bytes = 0;
  std::uint64_t last_return_seen = 0;  // of ours, as the label says
  Digest sealed_to;                    // name of our sealing key; zero: an older courier took it in
  std::optional<Time> key_deadline;    // R7
  std::optional<Time> finished;
  bool reported = false;  // a return has told its present state
};

struct IncomingItem {
  Digest label;
  std::uint32_t index = 0;
  std::uint8_t kind = 0;  // raw: unknown kinds are kept and refused
  std::uint64_t job = 0;  // the sender's
  PackageId package;
  std::uint32_t version = 0;
  Digest root;
  std::uint64_t bytes = 0, files = 0;
  std::string package_name, share_name;
  bool no_files = false;
  std::vector<std::string> dps;
  Bytes encoded;  // the item as the packing list has it (parcel/packing_list.h)
  ItemState state = ItemState::waiting;
  std::optional<VerdictKind> verdict;
  std::string reason;
  std::vector<NumberRange> missing_records;
  std::vector<Digest> missing_objects;  // bounded
  std::optional<Time> retry_at;         // R12: again after despool.retry-interval
  std::optional<Time> finished;
  std::uint64_t local_job = 0;     // the job here that carries out its distribution; 0: none
  std::uint64_t first_return = 0;  // number of the first return that told this verdict; 0: none
};

// A volume that was seen of an incoming parcel, as its unsigned header states it.
struct SeenVolume {
  std::string cut;                                 // 32 hex digits
  std::uint32_t number = 1;                        // from 1
  std::uint32_t volumes = 1;                       // 0: not known when it was written
  std::uint64_t first_record = 0, end_record = 0;  // [first, end); at most 2^48
  bool read_whole = false;  // what did not come of it will not come of it again
  Time seen;                // last
};

struct ExecutedJob {
  Incarnation incarnation;  // of the sender
  std::uint64_t job = 0;
};

class IncomingBook {
 public:
  explicit IncomingBook(Ledger& ledger) : ledger_(ledger) {}

  // R5: kept without its key, the file is in HOME/quarantine.
  void quarantine(const IncomingParcel& parcel);
  // R8, R6: label verified, packing list opened; makes or renews the row (refused, quarantined,
  // incomplete) as verifying. Items not known yet are added by set_items.
  // Errors: not_allowed when it is accepted or processed.
  void begin(const IncomingParcel& parcel);
  // Keeps verdicts and states of items already there (same index).
  void set_items(const Digest& label, const std::vector<IncomingItem>& items);
  // The blocks of these records are durable in the store, in these packs (pinned against gc).
  void add_received(const Digest& label, const std::vector<NumberRange>& records,
                    const std::vector<std::string>& packs);
  void set_record_count(const Digest& label, std::uint64_t count);
  // A volume of it was on a medium; the same one again only gains.
  void see_volume(const Digest& label, const SeenVolume& volume);
  std::vector<SeenVolume> volumes(const Digest& label);  // the latest cut first, then by number
  void incomplete(const Digest& label, const std::string& reason);  // R9
  void accept(const Digest& label, const std::string& evidence);    // R11, R10
  void refuse(const IncomingParcel& parcel);                        // R3, R10, R7; reason in it
  void process(const Digest& label, const std::string& evidence);   // R13, R14; unpins its packs
  // parcel discard of a quarantined or refused one: the row goes, its history stays.
  void discard(const Digest& label);

  void start_item(const Digest& label, std::uint32_t index);  // waiting -> executing
  void retry_item(const Digest& label, std::uint32_t index, const std::string& reason,
                  Time retry_at);  // executing -> waiting
  void finish_item(const Digest& label, std::uint32_t index, VerdictKind verdict,
                   const std::string& reason, const std::vector<NumberRange>& missing_records = {},
                   const std::vector<Digest>& missing_objects = {});  // -> done
  // A verdict that changed later, or less is missing: told again. Needs a verdict.
  void restate_item(const Digest& label, std::uint32_t index, VerdictKind verdict,
                    const std::string& reason, const std::vector<NumberRange>& missing_records = {},
                    const std::vector<Digest>& missing_objects = {});
  void set_local_job(const Digest& label, std::uint32_t index, std::uint64_t job);
  // After a crash: items found executing wait again (they are idempotent).
  void requeue_executing();

  std::optional<IncomingParcel> find(const Digest& label);
  std::optional<IncomingParcel> find(const ParcelId& id);  // newest of that name
  // A Processed parcel of this sender, incarnation and number: whose label digest must be the same,
  // else it is a replay.
  std::optional<IncomingParcel> processed(const ParcelId& id, const Incarnation& incarnation);
  std::vector<IncomingParcel> list();  // newest first
  std::vector<IncomingParcel> at(IncomingState state);
  std::vector<IncomingItem> items(const Digest& label);
  std::vector<IncomingItem> items_due(Time now);   // waiting, of accepted parcels, due
  std::vector<IncomingItem> items_to_be_served();  // stored, of which a job here brings to DPs
  std::vector<std::string> pinned_packs();
  // Root digests named by items of parcels not Processed: roots for gc.
  std::vector<Digest> pending_roots();

  // Order per package and sender incarnation: the last executed job number.
  std::optional<ExecutedJob> last_executed(const SiteCode& sender, const PackageId& package);
  void set_executed(const SiteCode& sender, const PackageId& package, const ExecutedJob& executed);
  // The parcel of a higher number than `parcel`, of the same sender and incarnation, with which
  // this job was carried out for this package (P9: `parcel` was declared lost, and comes late).
  std::optional<ParcelId> executed_with_later(const IncomingParcel& parcel,
                                              const PackageId& package, std::uint64_t job);

  // For a return to `site`: parcels of it with an item or state not told in a return numbered at or
  // below `acknowledged`; and the note that return `number` tells all of them.
  std::vector<IncomingParcel> unreported(const SiteCode& site, std::uint64_t acknowledged);
  void mark_reported(const SiteCode& site, std::uint64_t number);
  // The sender is a new incarnation and knows nothing of what was told to the one before.
  void forget_told(const SiteCode& site);
  // Numbers of that sender's current incarnation never received, below the highest received.
  std::vector<std::uint64_t> missing_numbers(const SiteCode& sender, const Incarnation& incarnation,
                                             std::size_t limit = 1000);

  // B15: a parcel for others was offered alone; told to its sender in the next return.
  struct Misdelivered {
    ParcelId id;
    Digest label;
    Time time;
  };
  void note_misdelivered(const ParcelId& id, const Digest& label);
  std::vector<Misdelivered> misdelivered(const SiteCode& sender, std::uint64_t acknowledged);

 private:
  Ledger& ledger_;
};

}  // namespace courier
