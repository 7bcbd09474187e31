// Any bytes as a volume that tells of spare volumes, or is one: looked at to its end or refused, in
// memory that its own size bounds; a table that is believed is written again as the same bytes; and
// what is solved with it is as long as it says.
#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "base/frame.h"
#include "media/spare_volume.h"

namespace {

courier::VolumeBytes volume_of(courier::ByteView bytes) {
  return {bytes.size(), [bytes](std::uint64_t offset, courier::MutableByteView out) {
            const auto at = std::min<std::uint64_t>(offset, bytes.size());
            const std::size_t n = std::min<std::size_t>(out.size(), bytes.size() - at);
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
            return n;
          }};
}

// Checksums in each frame that has a header's magic where one belongs: else nothing gets far.
courier::Bytes with_checksums(courier::ByteView data) {
  using namespace courier;
  Bytes bytes(data.begin(), data.end());
  for (std::size_t at = 0; at + kFrameHeaderSize <= bytes.size();) {
    const std::size_t left = bytes.size() - at - kFrameHeaderSize;
    const std::size_t size = std::min<std::size_t>(left, bytes[at + 16] | bytes[at + 17] << 8);
    const ByteView payload = ByteView(bytes).subspan(at + kFrameHeaderSize, size);
    const auto kind = static_cast<FrameKind>(bytes[at + 4]);
    std::ranges::copy(encode_frame_header(kind, 0, payload),
                      bytes.begin() + static_cast<std::ptrdiff_t>(at));
    at += kFrameHeaderSize + size;
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  const auto table = parse_spare_table({data, size});
  if (table && !std::ranges::equal(encode_spare_table(*table), ByteView(data, size))) std::abort();
  const Bytes bytes = with_checksums({data, size});
  try {
    std::uint64_t handed_on = 0;
    const ByteSource source = [&, at = std::uint64_t{0}](MutableByteView out) mutable {
      const std::size_t n = volume_of(bytes).read_at(at, out);
      at += n;
      return n;
    };
    const WholeVolume whole = copy_whole_volume(
        source, bytes.size(), [&](ByteView part) { handed_on += part.size(); }, "volume");
    if (handed_on != whole.size || whole.size > bytes.size()) std::abort();
    if (!whole.table || !whole.table->is_of_spare()) return 0;
    if (whole.table->longest() > bytes.size()) std::abort();
    // The others are of zero bytes, which says nothing but that sizes hold.
    std::vector<VolumeAtHand> here(whole.table->volumes);
    for (std::uint32_t i = 1; i < here.size(); ++i) {
      here[i].index = i;
      here[i].bytes = {whole.table->sizes[i], [](std::uint64_t, MutableByteView out) {
                         std::ranges::fill(out, std::uint8_t{0});
                         return out.size();
                       }};
    }
    here[0].table = *whole.table;
    here[0].bytes = volume_of(bytes);
    std::uint64_t solved = 0;
    solve_volumes(*whole.table, here, [&](std::uint32_t index, ByteView part) {
      if (index != 0) std::abort();
      solved += part.size();
    });
    if (solved != whole.table->sizes[0]) std::abort();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) std::abort();
  }
  return 0;
}
