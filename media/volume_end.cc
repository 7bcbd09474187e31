#include "media/volume_end.h"

#include "base/frame.h"
#include "media/recovery_search.h"
#include "media/salvage.h"

namespace courier {
namespace {

// A count of records and a signature: parcel/FORMAT.md, "End".
constexpr std::size_t kEndPayload = 8 + 64;
constexpr std::size_t kEndFrame = kFrameHeaderSize + kEndPayload;

}  // namespace

bool has_its_end(const VolumeBytes& bytes) {
  if (bytes.size < kEndFrame) return false;
  Bytes end(kEndFrame);
  if (salvage(bytes, bytes.size - end.size(), end, end.size()) > 0) return false;
  const ParsedFrame last = parse_frame_header(ByteView(end).first(kFrameHeaderSize));
  const ByteView payload = ByteView(end).subspan(kFrameHeaderSize);
  if (last.fault == FrameFault::none &&
      last.header.kind == static_cast<std::uint8_t>(FrameKind::end) &&
      last.header.payload_size == payload.size() &&
      last.header.checksum == frame_checksum(payload)) {
    return true;
  }
  return ends_with_recovery_data(bytes);
}

}  // namespace courier
