#include "parcel/frame_stream.h"

#include <algorithm>
#include <cstring>

#include "base/volume_header.h"
#include "parcel/key_slots.h"
#include "parcel/packing_list.h"
#include "parcel/record.h"

namespace courier {

namespace {

constexpr std::size_t kReadSize = 256 * 1024;
constexpr std::uint8_t kMagicByte = 0xF5;

}  // namespace

std::uint32_t frame_limit(std::uint8_t kind) {
  switch (static_cast<FrameKind>(kind)) {
    case FrameKind::volume_header:
      return kVolumeHeaderSize;
    case FrameKind::label:
      return kMaxLabelSize;
    case FrameKind::key_slots:
      return kMaxAddressees * kKeySlotSize;
    case FrameKind::packing_list:
      return kMaxPackingListSize + 16;
    case FrameKind::record:
      return kMaxRecordSize;
    case FrameKind::end:
      return 8 + kSignatureSize;
    case FrameKind::recovery:
    case FrameKind::spare:
      return 0;
  }
  return 0;
}

// Has `size` bytes in the buffer from at_ on, or as many as there are; returns how many.
std::size_t FrameStream::fill(std::size_t size) {
  while (!ended_ && buffer_.size() - at_ < size) {
    if (at_ > 0) {
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
      at_ = 0;
    }
    const std::size_t have = buffer_.size();
    buffer_.resize(std::max(have + kReadSize, std::min(size, have * 2)));
    std::size_t got = 0;
    try {
      got = source_(MutableByteView(buffer_).subspan(have));
    } catch (...) {  // what was read before stays as it is, should the caller go on
      buffer_.resize(have);
      throw;
    }
    buffer_.resize(have + got);
    bytes_read_ += got;
    ended_ = got == 0;
  }
  return std::min(size, buffer_.size() - at_);
}

void FrameStream::advance(std::size_t size) {
  at_ += size;
  position_ += size;
}

ByteView FrameStream::peek(std::size_t size) {
  const std::size_t have = fill(size);
  return ByteView(buffer_).subspan(at_, have);
}

void FrameStream::skip(std::uint64_t size) {
  while (size > 0) {
    const std::size_t have =
        fill(static_cast<std::size_t>(std::min<std::uint64_t>(size, kReadSize)));
    if (have == 0) return;
    advance(have);
    size -= have;
  }
}

// Passes over at least one byte, to the next one that may begin a header.
void FrameStream::search() {
  const ByteView bytes = peek(kReadSize);
  const void* found =
      bytes.size() > 1 ? std::memchr(bytes.data() + 1, kMagicByte, bytes.size() - 1) : nullptr;
  const std::size_t size =
      found == nullptr
          ? bytes.size()
          : static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.data());
  skipped_ += size;
  advance(size);
}

// Precondition: the header's bytes are in front.
Frame FrameStream::take(const FrameHeader& header, std::uint32_t limit) {
  Frame frame;
  frame.kind = header.kind;
  frame.number = header.number;
  frame.offset = position_;
  frame.skipped_bytes = std::exchange(skipped_, 0);
  frame.stated_size = header.payload_size;
  frame.oversized = header.payload_size > limit;
  if (frame.oversized) {  // no length beyond the limit is believed, neither to keep nor to skip
    advance(kFrameHeaderSize);
    return frame;
  }
  const std::size_t whole = kFrameHeaderSize + header.payload_size;
  const ByteView bytes = peek(whole);
  const ByteView payload = bytes.subspan(kFrameHeaderSize);
  if (bytes.size() == whole && frame_checksum(payload) == header.checksum) {
    frame.intact = true;
    frame.payload = to_bytes(payload);
    advance(whole);
    return frame;
  }
  const ByteView after = peek(whole + kFrameHeaderSize);
  const bool changed_in_place =
      after.size() == whole ||
      (after.size() == whole + kFrameHeaderSize &&
       parse_frame_header(after.last(kFrameHeaderSize)).fault == FrameFault::none);
  if (changed_in_place || searches_ >= kMaxSearches) {
    advance(std::min(whole, after.size()));
  } else {
    ++searches_;
    advance(kFrameHeaderSize);
  }
  return frame;
}

std::optional<Frame> FrameStream::next() {
  for (;;) {
    const ByteView bytes = peek(kFrameHeaderSize);
    if (bytes.empty()) return std::nullopt;
    if (bytes.size() < kFrameHeaderSize) {
      skipped_ += bytes.size();
      advance(bytes.size());
      return std::nullopt;
    }
    const ParsedFrame parsed = parse_frame_header(bytes);
    if (parsed.fault == FrameFault::no_magic || parsed.fault == FrameFault::bad_header) {
      search();
      continue;
    }
    const std::uint32_t limit = frame_limit(parsed.header.kind);
    if (limit > 0) return take(parsed.header, limit);
    advance(kFrameHeaderSize);
    if (parsed.fault == FrameFault::none) {
      skip(parsed.header.payload_size);
    } else {
      skipped_ += kFrameHeaderSize;
    }
  }
}

}  // namespace courier
