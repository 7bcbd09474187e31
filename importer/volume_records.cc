#include "importer/volume_records.h"

#include <fmt/format.h>

#include <algorithm>

#include "importer/returned_rows.h"
#include "importer/volume_set.h"
#include "media/scratch.h"

namespace courier {
namespace {

const VolumeHeader* header_of(const OpenOffer& volume) {
  if (volume.offer.standing != Standing::unreadable) return &volume.offer.volume;
  return volume.stated_volume ? &*volume.stated_volume : nullptr;
}

bool is_spare(const OpenOffer& volume) {
  return volume.offer.spare_table && volume.offer.spare_table->is_of_spare();
}

RecordRanges whole_range() {
  RecordRanges ranges;
  ranges.add(RecordRange{0, UINT64_MAX});
  return ranges;
}

RecordRanges stated_records(const OpenOffer& volume) {
  const VolumeHeader* header = header_of(volume);
  if (header == nullptr) return whole_range();
  RecordRanges ranges;
  ranges.add(RecordRange{header->first_record, header->end_record});
  return ranges;
}

// Those with something new first: what they state is advice, so the others have their turn too.
std::vector<OpenOffer*> in_order(std::vector<OpenOffer*> volumes, const RecordRanges& received) {
  std::stable_partition(volumes.begin(), volumes.end(), [&](const OpenOffer* volume) {
    return !without(stated_records(*volume), received).empty();
  });
  return volumes;
}

// Gone, changed or unreadable: what is in a volume that failed costs the others nothing.
bool is_of_one_volume(const Error& error) {
  return error.code() == ErrorCode::device || error.code() == ErrorCode::damaged ||
         error.code() == ErrorCode::not_found;
}

class Taking {
 public:
  Taking(const ImporterParts& parts, const VerifiedHead& head, const OpenedParcel& opened,
         const IncomingParcel& parcel, ParcelProgress& progress)
      : parts_(parts), head_(head), opened_(opened), parcel_(parcel), progress_(progress) {
    taken.received = to_records(parcel.received);
    taken.count = parcel.record_count;
  }

  void take(OpenOffer& volume) {
    std::unique_ptr<ParcelReader> borrowed;
    try {
      const bool was_set_aside = volume.is_set_aside;
      reopen(parts_.fs, volume, IdentifyHome{parts_.keys, parts_.trust, parts_.ledger});
      if (was_set_aside && !volume.head) throw Error{*volume.offer.error};
      if (!volume.reader || !volume.head) {
        borrowed = read_with(parts_.fs, volume, head_);
        taken.without_head.push_back(volume.offer.path);
      }
    } catch (const Error& error) {
      if (!is_of_one_volume(error)) throw;
      if (!taken.stopped) taken.stopped = error;
      return;
    }
    if (!borrowed) volume.source->stop_recording();
    DespoolResult result = despool_from(borrowed ? *borrowed : *volume.reader, taken.received,
                                        volume, progress_.next_volume(volume.offer.file_bytes));
    if (is_damaged(result)) take_repaired(volume, result);
    if (volume.repaired) add(volume.repaired->report());
    add(result);
    see(volume, result);
  }

  // What did not come on these volumes is made of the others, where spare volumes are here.
  void take_by_spares(const std::vector<OpenOffer*>& volumes) {
    StagedVolumes staged(parts_, parcel_.id, parcel_.label);
    taken.spares = staged.keep_and_solve(volumes);
    for (OfferedVolume& kept : staged.with_more_than(taken.received)) {
      OpenOffer volume = read_offer(parts_.fs, std::move(kept),
                                    IdentifyHome{parts_.keys, parts_.trust, parts_.ledger});
      if (volume.offer.label_digest != parcel_.label) continue;
      const std::uint64_t forged = taken.forged_records;
      is_staged_ = true;  // that it was seen says nothing of what is still to come
      take(volume);
      is_staged_ = false;
      if (taken.forged_records == forged) continue;
      staged.drop(volume.offer.volume.cut);
      taken.spares.problem =
          Error(ErrorCode::bad_signature, "parcel " + parcel_.id.str(),
                fmt::format("what was made of its volumes and spare volumes for volume {} is not "
                            "signed: nothing of it was taken in, what was kept for it is dropped",
                            volume.offer.volume.number));
      return;
    }
  }

  TakenRecords taken;

 private:
  DespoolResult despool_from(ParcelReader& reader, const RecordRanges& received,
                             const OpenOffer& volume, const ProgressSink& progress) {
    return despool(
        reader, head_, opened_.opener, parts_.store, received,
        [&](const RecordRanges& records, const std::vector<Digest>& packs) {
          std::vector<std::string> names;
          for (const Digest& pack : packs) names.push_back(pack.hex());
          IncomingBook{parts_.ledger}.add_received(parcel_.label, to_numbers(records), names);
        },
        volume.offer.file_bytes, progress);
  }

  // Something of this volume did not come that could come of its recovery data.
  bool is_damaged(const DespoolResult& result) const {
    const std::optional<std::uint64_t> count =
        result.tail.record_count ? result.tail.record_count : taken.count;
    if (count && result.received.missing(*count).empty()) return false;
    const bool is_device = result.stopped && result.stopped->code() == ErrorCode::device;
    if (result.stopped && !is_device) return false;
    return is_device || result.damaged_records > 0 || result.tail.is_damaged() ||
           result.tail.end == EndState::not_seen;
  }

  // The intact records are in. What is left of the volume, repaired, is read once more.
  void take_repaired(OpenOffer& volume, DespoolResult& first) {
    if (!volume.bytes.read_at || volume.repaired) return;
    const std::string& path = volume.offer.path;
    volume.repaired = RepairedVolume::open(parts_.fs, volume.bytes, scratch_folder());
    if (!volume.repaired) return;
    ParcelReader reader(confined_frames(repaired_source(*volume.repaired), path), path);
    reader.borrow_head(head_);
    DespoolResult second = despool_from(reader, first.received, volume, progress_.next_volume(0));
    second.taken_records += first.taken_records;
    second.taken_bytes += first.taken_bytes;
    if (!second.killed) second.killed = first.killed;
    first = std::move(second);
  }

  void add(const RepairReport& repair) {
    taken.repaired_cells += repair.repaired_cells;
    taken.repaired_bytes += repair.repaired_bytes;
    taken.lost_bytes += repair.lost_bytes;
  }

  void add(const DespoolResult& result) {
    taken.received = result.received;
    taken.taken_records += result.taken_records;
    taken.taken_bytes += result.taken_bytes;
    taken.damaged_records += result.damaged_records;
    taken.forged_records += result.forged_records;
    for (const RecordRange& range : result.without_base.ranges()) taken.without_base.add(range);
    if (!taken.missing_base) taken.missing_base = result.missing_base;
    taken.damaged_bytes += result.tail.damaged_bytes;
    taken.end = std::max(taken.end, result.tail.end);
    if (result.tail.record_count) taken.count = result.tail.record_count;
    if (!taken.killed) taken.killed = result.killed;
    if (!taken.stopped) taken.stopped = result.stopped;
    ++taken.volumes_read;
  }

  void see(const OpenOffer& volume, const DespoolResult& result) {
    const VolumeHeader* header = header_of(volume);
    if (header == nullptr) return;
    const bool all_here = without(stated_records(volume), taken.received).empty();
    const bool ended = !is_staged_ && !result.stopped && result.tail.end != EndState::not_seen;
    IncomingBook{parts_.ledger}.see_volume(parcel_.label, seen_volume(*header, all_here || ended));
  }

  const ImporterParts& parts_;
  const VerifiedHead& head_;
  const OpenedParcel& opened_;
  const IncomingParcel& parcel_;
  ParcelProgress& progress_;
  bool is_staged_ = false;  // what is being taken
};

}  // namespace

std::uint64_t bytes_to_take(const std::vector<OpenOffer*>& volumes, const IncomingParcel& parcel) {
  RecordRanges all;
  all.add(RecordRange{0, parcel.record_count.value_or(UINT64_MAX)});
  const RecordRanges beyond = without(whole_range(), all);
  const RecordRanges received = to_records(parcel.received);
  std::uint64_t bytes = 0;
  for (const OpenOffer* volume : volumes) {
    const RecordRanges stated = without(stated_records(*volume), beyond);
    if (volume->is_head_only || stated.empty()) continue;
    const double open_part =
        static_cast<double>(without(stated, received).size()) / static_cast<double>(stated.size());
    bytes += static_cast<std::uint64_t>(static_cast<double>(volume->offer.file_bytes) * open_part);
  }
  return bytes;
}

std::uint64_t bytes_to_read(const std::vector<OpenOffer*>& volumes, const RecordRanges& received) {
  RecordRanges seen = received;
  std::uint64_t bytes = 0;
  for (const OpenOffer* volume : in_order(volumes, received)) {
    if (volume->is_head_only || is_spare(*volume)) continue;
    const RecordRanges fresh = without(stated_records(*volume), seen);
    if (fresh.empty()) continue;
    bytes += volume->offer.file_bytes;
    for (const RecordRange& range : fresh.ranges()) seen.add(range);
  }
  return bytes;
}

TakenRecords take_volumes(const ImporterParts& parts, const std::vector<OpenOffer*>& volumes,
                          const OpenedParcel& opened, const IncomingParcel& parcel,
                          ParcelProgress& progress) {
  const VerifiedHead& head = *volumes.front()->head;
  Taking taking{parts, head, opened, parcel, progress};
  for (OpenOffer* volume : in_order(volumes, taking.taken.received)) {
    if (volume->is_head_only || is_spare(*volume)) continue;
    if (taking.taken.volumes_read > 0 && taking.taken.is_whole()) break;
    taking.take(*volume);
    if (taking.taken.stopped && taking.taken.stopped->code() == ErrorCode::no_space) break;
  }
  const bool is_full = taking.taken.stopped && taking.taken.stopped->code() == ErrorCode::no_space;
  if (!taking.taken.is_whole() && !is_full) taking.take_by_spares(volumes);
  if (taking.taken.count && !parcel.record_count) {
    IncomingBook{parts.ledger}.set_record_count(parcel.label, *taking.taken.count);
  }
  return taking.taken;
}

}  // namespace courier
