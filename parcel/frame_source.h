// FrameSource: a parcel as frames, the form in which a ParcelReader takes it. The program reads
// them from a confined child (confined_frames.h); in the child, and in tests, they come straight
// from the bytes (frame_stream.h). Both keep the same contract, and one test holds both to it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/byte_source.h"
#include "base/frame.h"

namespace courier {

struct Frame {
  std::uint8_t kind = 0;
  std::uint64_t number = 0;
  std::uint64_t offset = 0;         // of its header in the stream
  std::uint64_t skipped_bytes = 0;  // passed over before it, since the frame before
  bool intact = false;              // whole, within its kind's limit, checksum right
  bool oversized = false;           // states a payload beyond its kind's limit
  std::uint32_t stated_size = 0;
  Bytes payload;  // empty unless intact
};

// The largest payload of a frame of this kind that is read; 0: a kind that is skipped.
std::uint32_t frame_limit(std::uint8_t kind);

class FrameSource {
 public:
  virtual ~FrameSource() = default;
  // The next frame of a known kind, recovery and spare frames left out; nullopt at the end.
  // Errors: what the bytes' source throws; then the same call may be made again.
  virtual std::optional<Frame> next() = 0;
  // Bytes passed over after the last frame. After next() said nullopt.
  virtual std::uint64_t trailing_bytes() const = 0;
  // The stream's first bytes, at most `size`, without moving on. Before the first next().
  virtual ByteView peek(std::size_t size) = 0;
  virtual std::uint64_t bytes_read() const = 0;  // from the bytes' source
};

// From a confined child, as the program reads every parcel. subject: names the file or medium in
// errors. Errors: damaged, of next(), when the child fails at what it reads; those of
// ConfinedChild::start.
std::unique_ptr<FrameSource> confined_frames(ByteSource source, std::string subject);

}  // namespace courier
