// Any bytes as a raw medium, of which each 4096 stand for one unit: its volumes lie behind one
// another and within it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "media/raw_chain.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  const ByteView input(data, size);
  constexpr std::uint64_t kScale = kRawUnit / kVolumeMarkSize;
  const VolumeBytes device{(size + kVolumeMarkSize - 1) / kVolumeMarkSize * kRawUnit,
                           [input](std::uint64_t offset, MutableByteView out) -> std::size_t {
                             // What is asked for begins at a unit; the rest of a unit is zeros.
                             std::ranges::fill(out, std::uint8_t{0});
                             const std::uint64_t at = offset / kScale;
                             if (at < input.size()) {
                               const ByteView rest = input.subspan(static_cast<std::size_t>(at));
                               std::copy_n(rest.begin(), std::min(out.size(), rest.size()),
                                           out.begin());
                             }
                             return out.size();
                           }};
  const RawChain chain = walk_raw(device);
  if (!chain.unreadable.empty()) std::abort();
  std::uint64_t end = 0;
  for (const RawVolume& volume : chain.volumes) {
    if (volume.data < end || volume.data > device.size) std::abort();
    if (volume.mark.size > device.size - volume.data) std::abort();
    end = volume.data + volume.mark.size;
  }
  return 0;
}
