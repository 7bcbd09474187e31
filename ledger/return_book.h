// ReturnBook: returns in both directions, and what each site has proved.
// A return is cumulative and replaces all earlier ones of its site; its number is the number of the
// parcel that carries it. The importer stores a verified return (store), the sender applies it
// (sender/return_apply.h).
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

// One package version at a site. Held = the closure of root, minus missing; nothing of it when
// `unknown` is set (what is missing could not be listed).
struct Holding {
  PackageId package;
  std::uint32_t version = 0;
  Digest root;
  bool unknown = false;
  std::vector<Digest> missing;
  bool complete() const { return !unknown && missing.empty(); }
};

struct ReturnVerdict {
  std::uint32_t index = 0;  // of the item in the packing list
  ItemKind kind = ItemKind::package;
  std::uint64_t job = 0;
  PackageId package;
  std::uint32_t version = 0;
  std::optional<VerdictKind> verdict;  // nullopt: not yet
  std::string reason;
  std::vector<NumberRange> missing_records;
  std::vector<Digest> missing_objects;
};

// What a return says of one of our parcels.
struct ReturnParcel {
  ParcelId id;
  Digest label;
  IncomingState state = IncomingState::accepted;
  std::string reason;
  std::vector<NumberRange> missing_records;  // damaged or not arrived
  std::vector<ReturnVerdict> items;
};

struct ReturnDpState {
  std::string dp;  // "" : the site's store
  PackageId package;
  std::uint32_t version = 0;  // wanted
  std::uint32_t served = 0;
  PackageState state = PackageState::install_pending;
  std::string reason;
  bool invalid = false;
  Time as_of;
};

struct DpSpace {
  std::string dp;
  std::uint64_t free_bytes = 0;
};

struct ReceivedReturn {
  Digest label;             // of the parcel that carried it
  ParcelId id;              // "PSE-PUN-000003"
  Incarnation incarnation;  // of the site that wrote it
  Time written;
  std::uint16_t format_version = 0;
  std::uint64_t features = 0;
  std::uint64_t free_bytes = 0;
  std::vector<ReturnParcel> parcels;
  std::vector<Holding> holdings;
  std::vector<ReturnDpState> dp_states;
  std::vector<DpSpace> dp_space;
  std::vector<std::uint64_t> not_received;
  std::vector<ParcelId> misdelivered;
  std::optional<Time> applied;
  std::string outcome;  // "applied", "older than the last", ...
};

struct SentReturn {
  ParcelId id;
  std::vector<Holding> claims;  // missing is not kept, only versions claimed
  Time written;
  bool acknowledged = false;
};

class ReturnBook {
 public:
  explicit ReturnBook(Ledger& ledger) : ledger_(ledger) {}

  // Received. Stores the rows; the same label again changes nothing and returns false.
  bool store(const ReceivedReturn& r);
  std::vector<ReceivedReturn> pending();  // stored, not applied, by site and number
  std::optional<ReceivedReturn> find(const Digest& label);
  std::vector<ReceivedReturn> list(const SiteCode& site);  // heads only, newest first
  void mark_applied(const Digest& label, const std::string& outcome);

  // What a site holds by its latest return.
  std::vector<Holding> holdings(const SiteCode& site);
  // What came of our parcels that are not whole there: records of parcel `label` missing at `site`.
  struct PartialReceipt {
    Digest label;
    std::vector<NumberRange> missing_records;
  };
  std::vector<PartialReceipt> partial_receipts(const SiteCode& site);
  // Replaces both, the DP spaces, and what the site's row says of its latest return.
  void replace_proofs(const SiteCode& site, const ReceivedReturn& r);
  void forget_proofs(const SiteCode& site);
  std::vector<DpSpace> dp_space(const SiteCode& site);

  // Sent: what a return of ours claimed, so that gc keeps it until its addressee has built on a
  // newer one.
  void record_sent(const ParcelId& id, const std::vector<Holding>& claims);
  std::vector<SentReturn> sent(const SiteCode& to);  // newest first
  // Versions claimed in returns numbered at or above the last acknowledged one.
  std::vector<Digest> claimed_roots();

 private:
  Ledger& ledger_;
};

}  // namespace courier
