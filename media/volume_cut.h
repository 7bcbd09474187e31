// Volume cut: takes a parcel's file, or a volume of it, apart into volumes for smaller media: each
// a volume header, a copy of the head, a run of whole records and a copy of the end
// (parcel/FORMAT.md, "Volume header"). No key is needed and nothing is staged: only frame headers
// and the head are looked at, and a volume's bytes are composed while they are read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/volume_header.h"
#include "media/spare_table.h"
#include "media/volume_bytes.h"

namespace courier {

// Records [first, end) as they follow each other in the file.
struct RecordRun {
  std::uint64_t first = 0, end = 0;
  std::uint64_t offset = 0, bytes = 0;  // of their frames, in the file

  bool operator==(const RecordRun&) const = default;
};

// A volume of a cut, of how many it said it is one.
struct CutVolume {
  std::uint32_t of = 0;
  RecordRun run;
};

class VolumeCut {
 public:
  // Walks the file's frames; payloads of records are skipped. subject: names the file in errors.
  // Keeps 4 bytes for each record. Errors: damaged, naming the byte, when a frame is not where the
  // one before ends, the head is not as it was written, a record below the last one or the end is
  // missing; what parcel.read_at throws.
  VolumeCut(VolumeBytes parcel, std::string subject);

  // Of the file itself: its label digest is that of every volume.
  const VolumeHeader& header() const { return header_; }
  // The records that are here: all of the parcel's when is_whole().
  std::uint64_t first_record() const { return first_; }
  std::uint64_t end_record() const { return first_ + sizes_.size(); }
  bool is_whole() const { return first_ == 0 && end_record() == record_count_; }
  std::uint64_t record_count() const { return record_count_; }  // of the parcel, as its end says

  // The size of the smallest volume that could take each of the records, one at a time.
  std::uint64_t least_size() const { return overhead() + largest_; }
  std::uint64_t size_of(const RecordRun& run) const { return overhead() + run.bytes; }

  // The runs of records, from record `first` to the last one here, that make volumes of at most
  // `limit` bytes; one empty run when there is no record at all.
  // Preconditions: limit >= least_size(); first_record() <= first <= end_record().
  std::vector<RecordRun> plan(std::uint64_t first, std::uint64_t limit) const;
  // The run of just these records. Precondition: they are here.
  RecordRun run_of(std::uint64_t first, std::uint64_t end) const;

  // The bytes of volume `number` of `of`, which tells of so many spare volumes: then it has
  // spare_table_size(0) bytes more than size_of(run). The same arguments give the same bytes.
  VolumeBytes volume(const std::array<std::uint8_t, 16>& cut, std::uint32_t number,
                     std::uint32_t of, const RecordRun& run, std::uint8_t spares = 0) const;
  // Spare volume `row` of `spares` of the cut with these volumes, each as it was written.
  // Preconditions: row < spares; volumes.size() + spares <= kMostVolumesAndSpares.
  VolumeBytes spare(const std::array<std::uint8_t, 16>& cut, const std::vector<CutVolume>& volumes,
                    std::uint8_t spares, std::uint8_t row) const;
  // How many bytes a spare volume has for so many volumes, the longest of `longest` bytes.
  std::uint64_t spare_size(std::size_t volumes, std::uint64_t longest) const;
  // What the file itself says of spare volumes; it may be one.
  const std::optional<SpareTable>& spare_table() const { return spare_table_; }
  // The whole file as it is, without what lies behind its end.
  VolumeBytes whole() const;
  // Its parts, to be joined with those of other volumes: the header that the whole parcel would
  // have, label to packing list, records, end.
  VolumeBytes whole_header() const;
  VolumeBytes head() const;
  VolumeBytes records(const RecordRun& run) const;
  VolumeBytes end() const;

 private:
  std::uint64_t overhead() const;  // of a volume: all but its records
  std::uint64_t offset_of(std::uint64_t record) const;

  VolumeBytes parcel_;
  VolumeHeader header_;
  std::uint64_t head_offset_ = 0, head_end_ = 0;  // of the label's frame, behind the packing list's
  std::uint64_t records_offset_ = 0;
  std::uint64_t end_offset_ = 0, end_bytes_ = 0;  // of the end's frame
  std::uint64_t first_ = 0, record_count_ = 0, largest_ = 0;
  std::optional<SpareTable> spare_table_;
  std::vector<std::uint32_t> sizes_;  // of each record's frame and what follows it before the next
};

// The cut id of volumes that nobody keeps a record of: the same parcel cut in the same way gets the
// same one, so that the same command makes the same volumes again.
std::array<std::uint8_t, 16> cut_id(const Digest& label, std::uint64_t volume_size,
                                    std::uint8_t spares = 0);

}  // namespace courier
