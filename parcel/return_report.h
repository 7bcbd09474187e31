// Return report: the body of a verdicts item: what became of every item since the last return that
// the origin has seen, and what the site now holds. Cumulative: the report with the highest return
// number replaces all before it. parcel/FORMAT.md, "Return report".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/vocabulary.h"
#include "parcel/label.h"
#include "parcel/record_ranges.h"

namespace courier {

inline constexpr std::size_t kMaxReasonSize = 1024;
inline constexpr std::size_t kMaxMissingObjects = 4096;  // more: the whole is asked for again
inline constexpr std::size_t kMaxReportParcels = 65536;
inline constexpr std::size_t kMaxReportItems = 65536;  // of one parcel
inline constexpr std::size_t kMaxHoldings = 262144;
inline constexpr std::size_t kMaxDpStates = 262144;
inline constexpr std::size_t kMaxReportMessages = 65536;
inline constexpr std::size_t kMaxMessageStrings = 10;

// What is missing of a package version.
struct MissingObjects {
  bool whole = false;           // too much is missing to name, or its base is gone
  std::vector<Digest> objects;  // ascending; empty and not whole: nothing
  bool complete() const { return !whole && objects.empty(); }
  bool operator==(const MissingObjects&) const = default;
};

struct ReportedVerdict {
  std::uint32_t index = 0;  // of the item in the parcel's packing list
  std::uint64_t job = 0;    // the origin's
  std::uint8_t kind_code = 0;
  PackageId package;  // may be empty
  std::uint32_t version = 0;
  VerdictKind verdict = VerdictKind::stored;
  std::string reason;  // for people; empty for installed and stored
  MissingObjects missing;
  bool operator==(const ReportedVerdict&) const = default;
};

// Where a parcel of the origin's stands at this site. behaviours.md 10.3.
enum class ReceivedState : std::uint8_t {
  incomplete = 1,  // records are missing: missing_records
  accepted,        // all is in, items are being executed
  processed,
  quarantined,  // no key for its signer
  refused,
};

struct ReceivedParcel {
  ParcelId id;
  Digest label_digest;
  ReceivedState state = ReceivedState::processed;
  std::string reason;  // of quarantined and refused
  std::vector<ReportedVerdict> items;
  RecordRanges missing_records;
  bool operator==(const ReceivedParcel&) const = default;
};

struct ReportedHolding {
  PackageId package;
  std::uint32_t version = 0;
  Digest root;
  MissingObjects missing;
  bool operator==(const ReportedHolding&) const = default;
};

struct ReportedDpState {
  std::string dp;
  PackageId package;
  std::uint32_t version = 0;  // wanted
  std::uint32_t served = 0;   // what readers see; 0: nothing
  std::uint8_t state = 0;     // code of behaviours.md 10.4
  bool invalid = false;       // a validation found a difference
  std::string reason;
  Time as_of;
  bool operator==(const ReportedDpState&) const = default;
};

struct ReportedDpSpace {
  std::string dp;
  std::uint64_t free_bytes = 0, total_bytes = 0;
  bool operator==(const ReportedDpSpace&) const = default;
};

// A parcel of the origin's that was offered to this site but is addressed to others only.
struct ReportedMisdelivered {
  Digest label_digest;
  std::string title;  // "PUN-TEX-000003"
  Time seen;
  bool operator==(const ReportedMisdelivered&) const = default;
};

// A status message (behaviours.md, section 13) since the last return.
struct ReportedMessage {
  std::uint64_t sequence = 0;  // per site and incarnation, ascending
  std::string id;              // "4400", "C1"
  std::uint8_t severity = 0;   // 0 information, 1 warning, 2 error
  std::string component;
  Time time;
  PackageId package;                 // may be empty
  std::vector<std::string> strings;  // insertion strings: the reader makes the text
  bool operator==(const ReportedMessage&) const = default;
};

struct ReturnReport {
  Incarnation incarnation;             // of the site that reports
  std::uint64_t last_return_seen = 0;  // by the origin, as this site knows
  std::vector<ReceivedParcel> parcels;
  std::vector<ReportedHolding>
      holdings;  // all package versions held, of any origin it may be told to
  std::vector<ReportedDpState> dp_states;
  std::uint64_t store_free_bytes = 0, store_total_bytes = 0;
  std::vector<ReportedDpSpace> dp_space;
  std::uint16_t format_version = kFormatVersion;  // what its program reads
  std::uint64_t features = 0;
  RecordRanges parcels_not_received;  // numbers below the highest received
  std::vector<ReportedMisdelivered> misdelivered;
  std::vector<ReportedMessage> messages;
  Extensions extensions;
  bool operator==(const ReturnReport&) const = default;
};

// Canonical. Texts beyond their limit are cut at a character. Errors: usage, beyond another limit.
Bytes encode_return_report(const ReturnReport& report);

// Errors: damaged, when a byte, a limit or the form is wrong; unsupported, when its version is
// newer.
ReturnReport parse_return_report(ByteView bytes);

}  // namespace courier
