// Recovery data: whatever lies on a medium, finding it, reading its pages and repairing by them
// ends, stays within the medium's own size, and never says more than it has. The fuzzer's bytes are
// tried as they are, and with the checksums made right, so that they reach what is behind them.
#include <algorithm>
#include <cstdlib>

#include "base/codec.h"
#include "base/error.h"
#include "media/recovery_search.h"
#include "media/repair.h"
#include "tests/support/damaged_bytes.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void put(MutableByteView at, ByteView bytes) { std::ranges::copy(bytes, at.begin()); }

// Of everything that looks like a frame of recovery data.
void make_checksums_right(Bytes& bytes) {
  constexpr std::size_t kChecked = kRecoveryHeaderSize - 8;
  for (std::size_t at = 0; at + kRecoveryOverhead <= bytes.size(); ++at) {
    const MutableByteView rest = MutableByteView(bytes).subspan(at);
    if (as_text(rest.first(4)) != "\xF5PCL" || rest[4] != 7) continue;
    Encoder checksum;
    checksum.u64(frame_checksum(rest.subspan(kFrameHeaderSize, kChecked)));
    put(rest.subspan(kFrameHeaderSize + kChecked), checksum.view());
    Decoder in(rest.subspan(16, 4), "size");
    const std::size_t size = std::min<std::size_t>(in.u32(), rest.size() - kFrameHeaderSize);
    put(rest, encode_frame_header(FrameKind::recovery, 0, rest.subspan(kFrameHeaderSize, size)));
  }
}

void try_header(ByteView bytes) {
  if (bytes.size() < kRecoveryHeaderSize) return;
  Bytes header = to_bytes(bytes.first(kRecoveryHeaderSize));
  Encoder checksum;
  checksum.u64(frame_checksum(ByteView(header).first(kRecoveryHeaderSize - 8)));
  put(MutableByteView(header).last(8), checksum.view());
  if (const auto frame = parse_recovery_header(header)) {
    require(std::ranges::equal(encode_recovery_header(*frame), header));
    const RecoveryLayout layout(frame->set);
    require(*layout.offset_of(*frame) >= frame->set.volume_size);
    require(*layout.offset_of(*frame) < layout.total_size());
  }
}

void try_volume(const Bytes& bytes, const std::string& scratch_folder) {
  PosixFileSystem fs;
  ends_with_recovery_data(test::volume_of(bytes));
  const auto repaired = RepairedVolume::open(fs, test::volume_of(bytes), scratch_folder);
  if (!repaired) return;
  require(repaired->size() < bytes.size());
  test::all_of(repaired->bytes());
  repaired->check_volume({});
  repaired->check_recovery_data();
  const RepairReport& report = repaired->report();
  require(report.repaired_cells + report.lost_cells + report.damaged_parity_cells <= report.cells);
  require(report.repaired_bytes + report.lost_bytes <= repaired->size());
  std::uint64_t lost = 0;
  for (const ByteRange& range : repaired->lost(SIZE_MAX)) lost += range.end - range.first;
  require(lost == report.lost_bytes);
}

}  // namespace
}  // namespace courier

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  static const test::TempFolder scratch(test::memory_folder());
  try {
    Bytes bytes = to_bytes({data, size});
    try_header(bytes);
    try_volume(bytes, scratch.path());
    make_checksums_right(bytes);
    try_volume(bytes, scratch.path());
  } catch (const Error&) {
    std::abort();  // what a medium says is never an error of its own here
  }
  return 0;
}
