// Volume writer: brings a parcel to media, whole where it fits, else as volumes, one medium after
// the other. Which volumes are proved is told by the copies that were recorded, so that the same
// command goes on where it was: after a restart, after a kill, and on another drive when one
// failed. A volume that lies on the medium already, of the same bytes, is proved again and not
// written.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ledger/parcel_book.h"
#include "media/medium.h"
#include "media/volume_cut.h"

namespace courier {

using CutId = std::array<std::uint8_t, 16>;

// How far the latest set of volumes has come, by the copies in the order in which they were made.
struct VolumeProgress {
  std::optional<CutId> cut;         // none: no set is begun
  std::uint32_t number = 1;         // of the next volume
  std::uint64_t next_record = 0;    // its first
  std::vector<ParcelCopy> written;  // the volumes of the set
  std::uint32_t spares = 0;         // that the set has
};
// records: how many the parcel has.
VolumeProgress progress_of(const std::vector<ParcelCopy>& copies, std::uint64_t records);

struct VolumeRequest {
  std::uint64_t volume_size = 0;  // at most so many bytes each; 0: as the medium has room
  std::uint32_t only = 0;         // this one volume, again; 0: what is next
  bool anew = false;              // from the first record, whatever was begun
  // So many spare volumes behind the others; none: as the set that is begun, else 0.
  std::optional<std::uint32_t> spares = std::nullopt;
  // Recovery data: the share in percent; none: kDiscRecovery on what is burned, else 0.
  std::optional<unsigned> recovery = std::nullopt;
  // Puts it behind a volume; absent: there is never any. is_stream: what it is written to must not
  // be made to wait, so that all of it has to be there before.
  std::function<VolumeBytes(VolumeBytes volume, unsigned percent, bool is_stream,
                            const ProgressSink&)>
      protect = nullptr;
};

// Discs are scratched and decay; what can be written again in a minute seldom needs it.
inline constexpr unsigned kDiscRecovery = 10;

// Where a volume went, for the report.
struct WrittenVolume {
  ParcelCopy copy;
  bool is_whole = false;     // the parcel as it is: volume 1 of 1
  unsigned recovery = 0;     // percent
  bool is_of_about = false;  // VolumeWriter::is_about
  ProvedCopy proved;
};

class VolumeWriter {
 public:
  // Told each copy, good or bad, when that is known; after it the copy counts.
  using Record = std::function<void(const ParcelCopy&)>;

  // copies: what was recorded before, when `cut` is of the whole parcel. cut and clock outlive the
  // writer. Errors: usage, when no volume of that size can hold the largest record, or there is no
  // volume of that number.
  VolumeWriter(const VolumeCut& cut, ParcelId id, const std::vector<ParcelCopy>& copies,
               const VolumeRequest& request, const Clock& clock, Record record);

  // Writes to this medium what it has room for. Errors: as Medium::write_proved; no_space, when it
  // has no room for the next volume and none was written to it. Ensures: what was proved stays
  // recorded.
  void fill(Medium& medium, const std::string& target, const ProgressSink& progress);

  bool is_done() const { return is_done_; }
  // "volume 2 of 3", "spare volume 1 of 2"; "volume 2" while nobody knows of how many.
  std::string next_name() const;
  // Of the set, those written before this run included.
  const std::vector<ParcelCopy>& written() const { return state_.written; }
  const std::vector<WrittenVolume>& written_now() const { return now_; }
  std::uint32_t volumes() const { return volumes_; }  // of the set, as far as known; else 0
  std::uint32_t spares() const { return spares_; }    // numbered behind them
  // How many volumes is a guess: the media that are to come may have another size.
  bool is_about() const;
  // A set was complete before this run, and what is written is not of it.
  bool begins_another() const;
  // The size with which the volumes of this run were cut.
  std::uint64_t limit() const { return limit_; }

 private:
  struct Volume {
    CutId cut{};
    std::uint32_t number = 1, of = 1;
    RecordRun run;
    bool is_whole = false;
    std::vector<CutVolume> protects = {};  // of a spare volume: all volumes of its cut
    bool is_spare() const { return !protects.empty(); }
  };
  struct Lying {  // on a medium
    VolumeHeader header;
    std::uint32_t spares = 0;  // that it tells of
  };

  void choose_only();
  Error too_small() const;  // the volume size that was asked for
  void choose_recovery(Medium& medium);
  std::uint64_t needed_for(std::uint64_t volume_size) const;  // with recovery data
  // Without recovery data: of a volume of the cut, and of the largest that one of so many bytes may
  // be, so that its spare volumes have no more.
  std::uint64_t size_of(const RecordRun& run) const;
  std::uint64_t run_limit(std::uint64_t volume_size) const;
  std::uint64_t least_needed() const;
  bool is_at_spares() const;
  void require_few(std::size_t volumes) const;
  Volume next_spare() const;
  Volume spare_of(const CutId& cut, std::uint32_t number,
                  const std::vector<ParcelCopy>& written) const;
  std::uint64_t size_of(const Volume& spare) const;
  VolumeBytes bytes_of(const Volume& volume) const;
  struct Runs {
    std::vector<RecordRun> runs;    // empty: the limit is too small for the largest record
    std::uint64_t volume_size = 0;  // at most, without recovery data
  };
  // Volumes of at most so many bytes with their recovery data.
  Runs runs_within(std::uint64_t first, std::uint64_t limit) const;
  bool is_at_start() const { return state_.next_record == cut_.first_record(); }
  std::string name_of(const Volume& volume) const;
  std::vector<Lying> lying_on(Medium& medium) const;
  std::optional<Volume> adopted(const std::vector<Lying>& lying) const;
  std::optional<Volume> planned(std::uint64_t room, bool is_first);
  std::optional<Volume> planned_spare(std::uint64_t room, bool is_first) const;
  void write(Medium& medium, const Volume& volume, const ProgressSink& progress);
  void advance(const Volume& volume, const ParcelCopy& copy);

  const VolumeCut& cut_;
  const ParcelId id_;
  const std::vector<ParcelCopy> copies_;
  const VolumeRequest request_;
  unsigned recovery_ = 0;   // percent, on the medium that is being written to
  bool is_stream_ = false;  // that medium
  const Clock& clock_;
  const Record record_;
  VolumeProgress state_;
  std::optional<Volume> only_;
  std::vector<WrittenVolume> now_;
  std::string target_;  // of the medium that is being written to
  std::uint32_t volumes_ = 0, spares_ = 0;
  std::uint64_t limit_ = 0, last_size_ = 0;
  bool is_done_ = false;
};

}  // namespace courier
