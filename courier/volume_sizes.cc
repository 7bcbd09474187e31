// How large the volumes of a set are, and what its spare volumes are made of.
#include <fmt/format.h>

#include <algorithm>

#include "courier/volume_writer.h"
#include "media/recovery.h"

namespace courier {

std::uint64_t VolumeWriter::size_of(const RecordRun& run) const {
  return cut_.size_of(run) + (spares_ > 0 ? spare_table_size(0) : 0);
}

std::uint64_t VolumeWriter::run_limit(std::uint64_t volume_size) const {
  if (spares_ == 0) return volume_size;
  // Whatever comes to be n.
  const std::uint64_t fixed = cut_.spare_size(kMostVolumesAndSpares - spares_, 0);
  if (volume_size <= fixed) return 0;
  const std::uint64_t frames = volume_size - fixed;
  const std::uint64_t cell = spare_frames_size(kSpareCellSize);
  const std::uint64_t overhead = (frames + cell - 1) / cell * (cell - kSpareCellSize);
  const std::uint64_t all = overhead + spare_table_size(0);
  return frames - std::min(frames, all);
}

std::uint64_t VolumeWriter::least_needed() const {
  const std::uint64_t least = cut_.least_size();
  if (spares_ == 0) return needed_for(least);
  return needed_for(cut_.spare_size(kMostVolumesAndSpares - spares_, least + spare_table_size(0)));
}

Error VolumeWriter::too_small() const {
  const std::uint64_t least = least_needed();
  return Error(ErrorCode::usage, fmt::format("--volume-size {}", request_.volume_size),
               fmt::format("is too small: the largest record of parcel {} needs a volume of {} "
                           "bytes{}{}",
                           id_.str(), least, recovery_ > 0 ? " with its recovery data" : "",
                           spares_ > 0 ? ", so that a spare volume has no more" : ""))
      .with_hint(fmt::format("give --volume-size {} or more", least));
}

std::uint64_t VolumeWriter::needed_for(std::uint64_t volume_size) const {
  return volume_size + recovery_size(volume_size, recovery_);
}

VolumeWriter::Runs VolumeWriter::runs_within(std::uint64_t first, std::uint64_t limit) const {
  Runs runs{{}, run_limit(volume_within(limit, recovery_))};
  while (runs.volume_size >= cut_.least_size()) {
    runs.runs = cut_.plan(first, runs.volume_size);
    // Smaller cells have more digests: a volume that is a little smaller can need a little more.
    std::uint64_t excess = 0;
    for (const RecordRun& run : runs.runs) {
      const std::uint64_t size = size_of(run);
      const std::uint64_t needed = std::max(
          needed_for(size), spares_ == 0 ? 0 : needed_for(cut_.spare_size(runs.runs.size(), size)));
      excess = std::max(excess, needed - std::min(needed, limit));
    }
    if (excess == 0) return runs;
    runs.volume_size -= std::min(excess, runs.volume_size);
  }
  runs.runs.clear();
  return runs;
}

void VolumeWriter::require_few(std::size_t volumes) const {
  if (spares_ == 0 || volumes + spares_ <= kMostVolumesAndSpares) return;
  throw Error(ErrorCode::usage, fmt::format("--spare-volumes {}", spares_),
              fmt::format("there are {} volumes: with their spare ones they may be {}", volumes,
                          kMostVolumesAndSpares))
      .with_hint("take larger media or fewer spare volumes");
}

bool VolumeWriter::is_at_spares() const {
  return spares_ > 0 && !state_.written.empty() && state_.next_record == cut_.end_record();
}

// written: the volumes of the cut in their order, and what else there is of it.
VolumeWriter::Volume VolumeWriter::spare_of(const CutId& cut, std::uint32_t number,
                                            const std::vector<ParcelCopy>& written) const {
  Volume volume{cut, number, volumes_, cut_.run_of(cut_.end_record(), cut_.end_record()), false};
  std::uint64_t next = cut_.first_record();
  for (const ParcelCopy& copy : written) {
    if (copy.is_spare()) continue;
    volume.protects.push_back({copy.volumes, cut_.run_of(copy.first_record, copy.end_record)});
    next = copy.end_record;
  }
  if (next != cut_.end_record() || volume.protects.size() != volumes_) {
    throw Error(ErrorCode::not_allowed, fmt::format("--volume {}", number),
                "not every volume that this spare volume is made of was written")
        .with_hint("run the same command without --volume: it goes on with what is not written");
  }
  require_few(volumes_);
  return volume;
}

VolumeWriter::Volume VolumeWriter::next_spare() const {
  return spare_of(*state_.cut, state_.number, state_.written);
}

std::uint64_t VolumeWriter::size_of(const Volume& spare) const {
  std::uint64_t longest = 0;
  for (const CutVolume& volume : spare.protects) longest = std::max(longest, size_of(volume.run));
  return cut_.spare_size(spare.protects.size(), longest);
}

VolumeBytes VolumeWriter::bytes_of(const Volume& volume) const {
  if (volume.is_whole) return cut_.whole();
  const auto spares = static_cast<std::uint8_t>(spares_);
  if (volume.is_spare()) {
    return cut_.spare(volume.cut, volume.protects, spares,
                      static_cast<std::uint8_t>(volume.number - volume.of - 1));
  }
  return cut_.volume(volume.cut, volume.number, volume.of, volume.run, spares);
}

}  // namespace courier
