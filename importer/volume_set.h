// Volume set: what is still to come of a parcel that travels as volumes, and what it is called.
// Volume headers are not signed, so all of this is advice: which records are here decides what is
// complete. Not for other rooms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/vocabulary.h"
#include "base/volume_header.h"
#include "ledger/incoming_book.h"
#include "parcel/record_ranges.h"

namespace courier {

struct NumberedVolumes {  // volumes first to last
  std::uint64_t first = 0, last = 0;
};

// For a report: each by its number, the first thousand.
std::vector<std::uint64_t> first_numbers(const std::vector<NumberedVolumes>& numbers);

struct MissingVolumes {
  // Missing records that no volume read so far should have had; the others are damaged.
  RecordRanges elsewhere;
  // Of the cut that needs the fewest more; empty when no volume tells of others.
  std::vector<NumberedVolumes> numbers;
  std::uint32_t of = 0;  // 0: not known
  // "volume 2 of 3 is missing"; empty as numbers are.
  std::string happened() const;
  // "insert volume 2 (PUN-PSE-000012.v2.pcl; disc PUN_PSE_000012_V2) and run the same command"
  std::string hint(const ParcelId& id) const;
};

// seen: the latest cut first. count: of records, when known.
MissingVolumes missing_volumes(const RecordRanges& received, std::optional<std::uint64_t> count,
                               const std::vector<SeenVolume>& seen);

// Volumes that were read to their end and did not bring all they state.
struct DamagedVolumes {
  std::vector<NumberedVolumes> numbers;  // empty when none of them tells of others
  RecordRanges records;
  // "volumes 2 and 4"; empty as numbers are.
  std::string str() const;
};

// missing: records. seen: the latest cut first, whose number counts.
DamagedVolumes damaged_volumes(const RecordRanges& missing, const std::vector<SeenVolume>& seen);

// What a volume's header states, for the ledger. read_whole: as SeenVolume.
SeenVolume seen_volume(const VolumeHeader& header, bool read_whole);

// "volumes 1 and 3": those of the latest cut that were read; empty when none tells of others.
std::string stored_volumes(const std::vector<SeenVolume>& seen);

// The records of `all` that are not in `some`.
RecordRanges without(const RecordRanges& all, const RecordRanges& some);

}  // namespace courier
