#include "media/raw_chain.h"

#include <algorithm>
#include <optional>

#include "base/volume_header.h"

namespace courier {

namespace {

constexpr std::size_t kMostVolumes = 100'000;

// One for each place is enough.
void note(RawChain& chain, const Error& error) {
  if (chain.unreadable.empty()) chain.unreadable.push_back(error);
}

// What is at the place of a mark.
struct MarkPlace {
  std::optional<VolumeMark> mark;
  bool is_damaged = false;  // it begins like one
};

MarkPlace read_mark(const VolumeBytes& device, std::uint64_t mark_position, std::uint64_t at,
                    RawChain& chain) {
  MarkPlace place;
  Bytes block(kVolumeMarkSize);
  try {
    if (device.read_at(at, block) != block.size()) return place;
  } catch (const Error& error) {
    note(chain, error);
    return place;
  }
  const auto mark = parse_volume_mark(block);
  place.is_damaged = !mark && begins_like_mark(block);
  // What a device of false capacity shows again at another place is not what belongs here.
  if (!mark || mark->position != mark_position) return place;
  if (mark->kind != VolumeMark::Kind::raw && mark->kind != VolumeMark::Kind::raw_unfinished) {
    return place;
  }
  const std::uint64_t data = raw_data_of(mark_position);
  if (data <= device.size && mark->size <= device.size - data) place.mark = mark;
  return place;
}

bool has_parcel_at(const VolumeBytes& device, std::uint64_t at, RawChain& chain) {
  Bytes beginning(kParcelProbeSize);
  try {
    beginning.resize(device.read_at(at, beginning));
  } catch (const Error& error) {
    note(chain, error);
    return false;
  }
  return looks_like_parcel(beginning);
}

}  // namespace

std::uint64_t raw_data_of(std::uint64_t mark_position) { return mark_position + 2 * kRawUnit; }

std::uint64_t raw_next(std::uint64_t mark_position, std::uint64_t size) {
  return raw_data_of(mark_position) + (size + kRawUnit - 1) / kRawUnit * kRawUnit;
}

RawChain walk_raw(const VolumeBytes& device) {
  RawChain chain;
  while (chain.volumes.size() < kMostVolumes && chain.end < device.size) {
    const std::uint64_t at = chain.end;
    const MarkPlace first = read_mark(device, at, at, chain);
    const MarkPlace second = first.mark ? MarkPlace() : read_mark(device, at, at + kRawUnit, chain);
    if (const auto& mark = first.mark ? first.mark : second.mark) {
      chain.unreadable.clear();  // it was in the other place
      chain.is_unfinished = mark->kind == VolumeMark::Kind::raw_unfinished;
      if (chain.is_unfinished) break;
      chain.volumes.push_back({*mark, raw_data_of(at), true});
      chain.end = raw_next(at, mark->size);
      continue;
    }
    for (const std::uint64_t data : {at, raw_data_of(at)}) {
      if (data >= device.size || !has_parcel_at(device, data, chain)) continue;
      RawVolume volume;
      volume.mark.size = device.size - data;
      volume.data = data;
      chain.volumes.push_back(volume);
      chain.unreadable.clear();
      return chain;
    }
    // Not even the first mark was written whole.
    chain.is_unfinished = first.is_damaged && !second.is_damaged && chain.unreadable.empty();
    break;
  }
  return chain;
}

VolumeBytes slice(const VolumeBytes& of, std::uint64_t offset, std::uint64_t size) {
  return {size, [of, offset, size](std::uint64_t at, MutableByteView out) -> std::size_t {
            if (at >= size) return 0;
            const auto most =
                static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size - at));
            return of.read_at(offset + at, out.first(most));
          }};
}

}  // namespace courier
