// What the child that looks at a picture says of it. The parent takes it for a stranger's word:
// bounded, and no more than texts that somebody might have typed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace courier {

inline constexpr std::size_t kMaxPictureFile = 32u << 20;  // bytes
inline constexpr std::uint64_t kMaxPixels = 64u << 20;     // of a picture, width by height
inline constexpr std::size_t kMaxPictureCodes = 16;
inline constexpr std::size_t kMaxPictureCode = 4096;  // bytes of each; QR codes hold 4,296 letters
inline constexpr std::size_t kMaxPictureMessage = 128u << 10;

struct SeenPicture {
  enum class State : std::uint8_t {
    whole,
    damaged,     // cut off or wrong within; what could be seen was looked at
    no_picture,  // not to be read at all
    too_large,   // more pixels than are looked at
    no_library,  // this machine lacks what reads pictures
  };
  State state = State::whole;
  std::uint32_t width = 0, height = 0;
  std::vector<std::string> codes;  // content of its QR codes, any bytes; none twice

  bool operator==(const SeenPicture&) const = default;
};

Bytes encode(const SeenPicture& seen);
// Errors: damaged, when it is none, or beyond a limit.
SeenPicture decode_seen_picture(ByteView message);

}  // namespace courier
