// Volume records: takes the records of a parcel's volumes into the store, those first that have
// something that is not here yet, and notes in the ledger which volumes were seen. Not for other
// rooms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "importer/despooler.h"
#include "importer/offers.h"
#include "importer/parcel_progress.h"
#include "importer/parts.h"
#include "importer/staged_volumes.h"
#include "ledger/incoming_book.h"

namespace courier {

// What came of all of them together.
struct TakenRecords {
  RecordRanges received;
  std::optional<std::uint64_t> count;  // of the parcel's records, when anything said it
  std::uint64_t taken_records = 0, taken_bytes = 0;
  std::uint64_t damaged_records = 0, forged_records = 0, damaged_bytes = 0;
  RecordRanges without_base;  // as DespoolResult
  std::optional<Error> missing_base;
  EndState end = EndState::not_seen;     // the worst of those that were seen
  std::optional<Error> killed, stopped;  // as DespoolResult; of the first volume
  std::size_t volumes_read = 0;
  std::vector<std::string> without_head;  // paths: read with another volume's head
  // By recovery data, in a second pass; lost: beyond repair.
  std::uint64_t repaired_cells = 0, repaired_bytes = 0, lost_bytes = 0;
  SpareHelp spares;

  bool is_whole() const { return count && received.missing(*count).empty(); }
};

// At most how many bytes of these volumes are not here yet, as they state it.
std::uint64_t bytes_to_take(const std::vector<OpenOffer*>& volumes, const IncomingParcel& parcel);

// How many bytes of them are read for what is not here yet.
std::uint64_t bytes_to_read(const std::vector<OpenOffer*>& volumes, const RecordRanges& received);

// volumes: of one parcel; the first has the head that counts. `parcel` is its row. Stops when every
// record is here. Errors: as despool.
TakenRecords take_volumes(const ImporterParts& parts, const std::vector<OpenOffer*>& volumes,
                          const OpenedParcel& opened, const IncomingParcel& parcel,
                          ParcelProgress& progress);

}  // namespace courier
