// Any bytes as the mark of a volume on a raw medium or a tape, with a checksum that holds: refused,
// or written again as the same bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/frame.h"
#include "media/volume_mark.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  Bytes block(kVolumeMarkSize);
  std::copy_n(data, std::min(size, kVolumeMarkSize - 8), block.begin());
  std::uint64_t sum = frame_checksum(ByteView(block).first(kVolumeMarkSize - 8));
  for (std::size_t i = 0; i < 8; ++i, sum >>= 8) {
    block[kVolumeMarkSize - 8 + i] = static_cast<std::uint8_t>(sum);
  }
  const auto mark = parse_volume_mark(block);
  if (mark && encode_volume_mark(*mark) != block) std::abort();
  if (parse_volume_mark({data, size}) && size != kVolumeMarkSize) std::abort();
  return 0;
}
