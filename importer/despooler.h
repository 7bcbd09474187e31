// Despooler: takes the records of one parcel into the store.
//
//   record feed (record_feed.h): read, authenticate, open, judge in a confined child
//     --> this thread, in order, what is good: append to a pack; every kCommitBytes: pack durable,
//         indexed, then the ledger notes the records (three-step crash rule)
//
// A record that is coded against content that is not here is not damaged: it can be taken in when
// that has come. Until then it counts as missing.
// A few blocks are between the threads, so memory is bounded whatever the parcel. Nothing that its
// sender has not signed is decompressed, nothing that does not match its digest is appended.
// Records that are here already (an earlier, interrupted run) are read past.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/error.h"
#include "base/progress.h"
#include "parcel/parcel_reader.h"
#include "parcel/record_ranges.h"
#include "store/store.h"

namespace courier {

inline constexpr std::uint64_t kCommitBytes = 64ull << 20;

struct DespoolResult {
  RecordRanges received;  // authentic and durable: those of before and those taken in now
  std::uint64_t taken_records = 0, taken_bytes = 0;  // now; bytes as they lie in packs
  std::uint64_t damaged_records = 0;                 // seen, but not what was written
  std::uint64_t forged_records = 0;                  // intact, but not signed by the parcel's key
  RecordRanges without_base;                         // coded against what is not here
  std::optional<Error> missing_base;                 // of the first of them
  // A record ended the child that opened it, and so did it alone; it is in damaged_records.
  std::optional<Error> killed;
  ParcelTail tail;
  // The medium failed or the store could take no more: what came before is in `received`.
  std::optional<Error> stopped;
};

// committed: the packs are durable and indexed, these records are in them; called before more is
// read. What it throws ends the work and is thrown on.
using Committed =
    std::function<void(const RecordRanges& records, const std::vector<Digest>& packs)>;

// stream_size: for progress. Errors: what `committed` throws, and faults of the store itself but
// no_space.
DespoolResult despool(ParcelReader& reader, const VerifiedHead& head, const RecordOpener& opener,
                      Store& store, RecordRanges received, const Committed& committed,
                      std::uint64_t stream_size, const ProgressSink& progress);

}  // namespace courier
