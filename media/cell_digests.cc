#include "media/cell_digests.h"

#include <algorithm>

#include "base/error.h"
#include "media/salvage.h"
#include "media/scratch.h"

namespace courier {

namespace {

constexpr std::uint64_t kRun = 64;  // pages read at a time
constexpr std::uint64_t kPageSize = kPageDigests * kCellDigestSize;

}  // namespace

CellDigests::CellDigests(FileSystem& fs, const VolumeBytes& medium, const RecoveryLayout& layout,
                         const std::string& scratch_folder)
    : fs_(fs),
      medium_(medium),
      layout_(layout),
      scratch_(open_scratch(fs, scratch_folder, layout.pages() * kPageSize)),
      states_(layout.pages()),
      current_(layout.pages()) {}

std::optional<bool> CellDigests::fits(std::uint64_t cell, ByteView bytes) {
  const std::uint64_t page = cell / kPageDigests;
  if (!read_page(page)) return std::nullopt;
  const CellDigest digest = cell_digest(cell, bytes);
  const auto known = ByteView(digests_).subspan(cell % kPageDigests * kCellDigestSize);
  return std::ranges::equal(known.first(kCellDigestSize), digest);
}

bool CellDigests::read_page(std::uint64_t page) {
  if (states_[page] == State::unknown) load_from(page);
  if (states_[page] == State::lost) return false;
  if (page == current_) return true;
  current_ = layout_.pages();
  digests_.resize(layout_.page_size(page));
  read_scratch(fs_, scratch_, page * kPageSize, digests_);
  current_ = page;
  return true;
}

// A run of pages by one read of the first copy; those that are damaged there one by one.
void CellDigests::load_from(std::uint64_t page) {
  const std::uint64_t end = std::min(page + kRun, layout_.pages());
  const std::uint64_t first_byte = layout_.page_frame(0, page);
  Bytes run(layout_.page_frame(0, end - 1) + kRecoveryOverhead + layout_.page_size(end - 1) -
            first_byte);
  salvage(medium_, first_byte, run, kRecoveryOverhead + kPageSize);
  for (std::uint64_t p = page; p < end; ++p) {
    if (states_[p] != State::unknown) continue;
    const std::size_t size = kRecoveryOverhead + layout_.page_size(p);
    bool is_known = take(p, 0, ByteView(run).subspan(layout_.page_frame(0, p) - first_byte, size));
    for (unsigned copy = 1; !is_known && copy < kPageCopies; ++copy) {
      Bytes frame(size);
      salvage(medium_, layout_.page_frame(copy, p), frame, size);
      is_known = take(p, copy, frame);
    }
    states_[p] = is_known ? State::known : State::lost;
  }
}

bool CellDigests::take(std::uint64_t page, unsigned copy, ByteView frame) {
  const ParsedFrame parsed = parse_frame_header(frame.first(kFrameHeaderSize));
  const ByteView payload = frame.subspan(kFrameHeaderSize);
  if (parsed.fault != FrameFault::none ||
      parsed.header.kind != static_cast<std::uint8_t>(FrameKind::recovery) ||
      parsed.header.payload_size != payload.size()) {
    return false;
  }
  const auto said = parse_recovery_header(payload.first(kRecoveryHeaderSize));
  const RecoveryFrame expected{layout_.set(), RecoveryPart::page, static_cast<std::uint8_t>(copy),
                               page};
  if (!said || *said != expected || frame_checksum(payload) != parsed.header.checksum) return false;
  fs_.pwrite(scratch_, payload.subspan(kRecoveryHeaderSize), page * kPageSize);
  return true;
}

}  // namespace courier
