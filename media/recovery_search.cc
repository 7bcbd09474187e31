#include "media/recovery_search.h"

#include <algorithm>

#include "base/error.h"
#include "media/salvage.h"

namespace courier {

namespace {

// The longest distance from one frame to the next, and what a frame needs to be known.
constexpr std::uint64_t kLongestFrame = kRecoveryOverhead + kMaxCell;
// The longest frame of a page, which is the last.
constexpr std::uint64_t kLastFrame = kRecoveryOverhead + kPageDigests * kCellDigestSize;
constexpr std::uint64_t kStretch = 2 * kLongestFrame;
constexpr std::uint64_t kMostStretches = 4096;
constexpr std::size_t kSector = 2048;
constexpr unsigned kMostBadStretches = 8;

// The last frame in these bytes, which lie at `offset`, that is where it says.
std::optional<RecoverySet> last_set(ByteView bytes, std::uint64_t offset,
                                    const std::vector<RecoverySet>& known) {
  if (bytes.size() < kRecoveryOverhead) return std::nullopt;
  for (std::size_t at = bytes.size() - kRecoveryOverhead + 1; at-- > 0;) {
    // The first byte of the magic, before the rest is looked at.
    if (bytes[at] != 0xf5) continue;
    const ParsedFrame parsed = parse_frame_header(bytes.subspan(at, kFrameHeaderSize));
    if (parsed.fault != FrameFault::none ||
        parsed.header.kind != static_cast<std::uint8_t>(FrameKind::recovery)) {
      continue;
    }
    const auto frame =
        parse_recovery_header(bytes.subspan(at + kFrameHeaderSize, kRecoveryHeaderSize));
    if (!frame || RecoveryLayout(frame->set).offset_of(*frame) != offset + at) continue;
    if (std::ranges::find(known, frame->set) == known.end()) return frame->set;
  }
  return std::nullopt;
}

}  // namespace

bool ends_with_recovery_data(const VolumeBytes& bytes) {
  Bytes end(std::min<std::uint64_t>(kLastFrame, bytes.size));
  const std::uint64_t offset = bytes.size - end.size();
  if (salvage(bytes, offset, end, end.size()) > 0) return false;
  const auto set = last_set(end, offset, {});
  return set && RecoveryLayout(*set).total_size() == bytes.size;
}

std::optional<RecoverySet> find_recovery_set(const VolumeBytes& bytes,
                                             const std::vector<RecoverySet>& known) {
  // Stretches overlap by a header, so that none is cut in two. Of a large volume not all is read:
  // what survives of recovery data is longer than a 4,096th part of the volume, for each copy of
  // the pages alone is as long.
  const std::uint64_t overlap = kRecoveryOverhead - 1;
  const std::uint64_t step = std::max(kStretch - overlap, bytes.size / kMostStretches);
  Bytes stretch(kStretch);
  unsigned bad_stretches = 0;
  for (std::uint64_t end = bytes.size; end > 0; end -= std::min(end, step)) {
    const std::uint64_t first = end - std::min(end, kStretch);
    const MutableByteView out = MutableByteView(stretch).first(end - first);
    // A medium takes its time for what it cannot read: after some bad places, whole stretches of
    // it are passed over.
    const std::size_t piece = bad_stretches < kMostBadStretches ? kSector : kStretch;
    if (salvage(bytes, first, out, piece) > 0) ++bad_stretches;
    if (const auto set = last_set(out, first, known)) return set;
  }
  return std::nullopt;
}

}  // namespace courier
