// ParcelBook: outgoing parcels, one state per addressee, and the arrows of behaviours.md 10.2.
//
//   create -> Created --P3--> Sent --P5--> Confirmed (--P10--> payload removed)
//             |  \P4-> discarded  |P6 partly confirmed, P8 overdue, P9 lost stay Sent
//             +-------P5----------+ (from Created: "was not marked sent")
//                                   P7 as P5, by a short receipt, until a return says it; when one
//                                   says otherwise: Confirmed still, partly, payload kept
//
// A number is committed by reserve() before the file gets its name and is never used again: a row
// that was reserved and never became Created is removed by sweep_reserved(), its number is not.
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

// A short receipt, by which form of it: what a site said when no return came back.
enum class ReceiptForm : std::uint8_t { words, code };
std::string_view word(ReceiptForm);

struct ParcelAddressee {
  ParcelId id;  // from, to, the number for this addressee
  ParcelState state = ParcelState::created;
  bool partly_confirmed = false, lost = false;
  // The evidence of that: a return, or nothing but a receipt.
  std::string return_id;
  std::optional<ReceiptForm> receipt;
  std::uint64_t last_return_seen = 0;  // of the addressee, as the label says
  std::optional<Time> sent, confirmed;
};

struct ParcelItemRow {
  std::uint32_t index = 0;  // in the packing list
  ItemKind kind = ItemKind::package;
  PackageId package;  // empty for trust, verdicts, request
  std::uint32_t version = 0;
  Digest root;
  std::uint64_t bytes = 0;          // of the content, unpacked
  std::vector<std::uint64_t> jobs;  // one per addressee, in their order; 0: none (announcement)
  std::vector<std::string> dps;
  std::string base;  // what it builds on: "PUN00020 version 1, ..."
};

struct ItemVerdict {  // what an addressee's returns say of an item
  std::uint32_t index = 0;
  SiteCode site;
  std::optional<VerdictKind> verdict;
  std::string reason;
  std::string return_id;  // empty: a receipt said it
  std::optional<Time> as_of;
};

struct ParcelCopy {
  std::string target;  // "/media/usb", "iso:out.iso"
  std::string medium_label, medium_serial;
  bool verified = false;  // read back and equal; false: recorded as bad
  std::string note;
  Time time;
  std::string medium;  // as people are told of it
  // A volume of a cut, when that is named; else the whole parcel.
  std::string cut;  // 32 hex digits
  std::uint32_t number = 1, volumes = 1;
  std::uint64_t first_record = 0, end_record = 0;  // [first, end)
  std::uint64_t bytes = 0;
  // How many spare volumes the cut has: they are numbered behind its volumes.
  std::uint32_t spares = 0;
  bool is_spare() const { return spares > 0 && number > volumes; }
  // "volume 2 of 3", "spare volume 1 of 2"; empty of the whole parcel.
  std::string volume_words() const;
};

struct ParcelRow {
  std::uint64_t key = 0;  // of this ledger; names the parcel whatever the addressee
  std::vector<ParcelAddressee> addressees;
  Digest label;
  bool is_return = false;
  std::string name, comment, carrier, tracking;
  std::string file;  // in HOME/outbox, "PUN-PSE-000001.pcl"
  std::uint64_t file_bytes = 0, content_bytes = 0, records = 0;
  bool payload_removed = false;
  Time created;
  std::optional<Time> expected;  // the return
  // The least advanced of the addressees'.
  ParcelState state() const;
  bool lost() const;
  const ParcelAddressee* addressee(const SiteCode& site) const;
};

// Where the files of parcels lie until they are no longer needed.
inline std::string outbox_of(const std::string& home) { return home + "/outbox"; }

class ParcelBook {
 public:
  explicit ParcelBook(Ledger& ledger) : ledger_(ledger) {}

  // The numbers that reserve() would give: for showing a path before writing.
  std::vector<ParcelId> peek(const std::vector<SiteCode>& addressees);
  // Commits the next number for each addressee and the addressees' order. Nothing shows yet.
  std::vector<ParcelId> reserve(const std::vector<SiteCode>& addressees);
  // The file is whole under its name: the row, its items, J5 for their jobs (routed and suspended
  // ones; others are left), T2, all in one transaction. Errors: not_allowed when a job was
  // cancelled or superseded meanwhile (hint: run again).
  void create(const ParcelRow& parcel, const std::vector<ParcelItemRow>& items);
  // Reserved numbers that never became a parcel, newest first: for the sweep of the outbox.
  std::vector<ParcelId> reserved();
  void drop_reserved(const ParcelId& id);

  // site: one addressee; empty: all. Errors for each: not_found; not_allowed.
  void mark_sent(const ParcelId& id, const SiteCode& site = {});  // P3 and J7, T2
  void mark_lost(const ParcelId& id, const SiteCode& site = {});  // P9 and J13
  void discard(const ParcelId& id);                               // P4 and J10
  void confirm(const ParcelId& id, const SiteCode& site, const std::string& return_id);  // P5
  void partly_confirm(const ParcelId& id, const SiteCode& site, const std::string& return_id);
  // P7, of the addressee that the ID names: all is in, or not all of it (then it is Sent, partly
  // confirmed). Jobs that it took with it are sent, and wait for the return.
  void confirm_by_receipt(const ParcelId& id, ReceiptForm form);
  void partly_confirm_by_receipt(const ParcelId& id, ReceiptForm form);
  // A return of a parcel that a receipt had confirmed: all is in, and it takes the receipt's place;
  // or not all is (P6), and the payload stays until one says that it is.
  void replace_receipt(const ParcelId& id, const std::string& return_id);
  void contradict_receipt(const ParcelId& id, const std::string& return_id);
  void payload_removed(const ParcelId& id);                   // P10
  void add_copy(const ParcelId& id, const ParcelCopy& copy);  // P2
  void set_verdict(const ParcelId& id, const ItemVerdict& verdict);
  // parcel set: only what is given. Carrier and tracking never touch the signed file.
  void set_carriage(const ParcelId& id, std::optional<std::string> comment,
                    std::optional<std::string> carrier, std::optional<std::string> tracking,
                    std::optional<Time> expected);

  std::optional<ParcelRow> find(const ParcelId& id);  // by the ID for any addressee
  ParcelRow get(const ParcelId& id);                  // Errors: not_found
  std::optional<ParcelRow> by_label(const Digest& label);
  std::vector<ParcelRow> list();  // newest first, discarded ones included
  std::vector<ParcelItemRow> items(const ParcelId& id);
  std::vector<ItemVerdict> verdicts(const ParcelId& id);
  std::vector<ParcelCopy> copies(const ParcelId& id);
  std::vector<HistoryRow> history(const ParcelId& id);
  // Sent and past their expected return (P8).
  std::vector<ParcelRow> overdue(Time now);
  // Notes it once (P8); false when that was done before.
  bool note_overdue(const ParcelId& id);
  // Confirmed by all, uncontradicted, payload still here, confirmed before `time` (P10).
  std::vector<ParcelRow> removable(Time time);

 private:
  long long key_for(const ParcelId& id);  // Errors: not_found

  Ledger& ledger_;
};

}  // namespace courier
