#include "media/salvage.h"

#include <algorithm>

#include "base/error.h"

namespace courier {

std::uint64_t salvage(const VolumeBytes& bytes, std::uint64_t offset, MutableByteView out,
                      std::size_t piece_size) {
  std::size_t came = 0;
  try {
    came = bytes.read_at(offset, out);
    std::ranges::fill(out.subspan(came), std::uint8_t{0});
    return out.size() - came;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::device) throw;
  }
  if (out.size() <= piece_size) {
    std::ranges::fill(out, std::uint8_t{0});
    return out.size();
  }
  std::uint64_t missing = 0;
  for (std::size_t at = 0; at < out.size(); at += piece_size) {
    missing += salvage(bytes, offset + at, out.subspan(at, std::min(piece_size, out.size() - at)),
                       piece_size);
  }
  return missing;
}

}  // namespace courier
