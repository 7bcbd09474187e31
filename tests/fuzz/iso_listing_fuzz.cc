// Any bytes as an ISO 9660 image, from its first descriptor on: listed within bounds or refused,
// and no file gives more than it says.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "media/iso_listing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace courier;
  constexpr std::uint64_t kSystemArea = 16 * kIsoSector;
  const ByteView input(data, size);
  const VolumeBytes image{
      kSystemArea + size, [input](std::uint64_t offset, MutableByteView out) -> std::size_t {
        if (offset < kSystemArea) {
          std::fill(out.begin(), out.end(), std::uint8_t{0});
          return out.size();
        }
        if (offset - kSystemArea >= input.size()) return 0;
        const ByteView rest = input.subspan(static_cast<std::size_t>(offset - kSystemArea));
        const std::size_t n = std::min(out.size(), rest.size());
        std::copy_n(rest.begin(), n, out.begin());
        return n;
      }};
  try {
    const IsoListing listing = list_iso(image, "image");
    for (const Error& error : listing.unreadable) {
      if (error.code() != ErrorCode::damaged) std::abort();
    }
    Bytes buffer(700);
    for (std::size_t i = 0; i < std::min<std::size_t>(listing.files.size(), 16); ++i) {
      const IsoFile& file = listing.files[i];
      std::uint64_t sum = 0;
      for (const IsoExtent& extent : file.extents) sum += extent.size;
      if (file.path.empty() || sum != file.size) std::abort();
      const VolumeBytes bytes = iso_file_bytes(image, file);
      if (bytes.read_at(0, buffer) > file.size || bytes.read_at(file.size, buffer) != 0) {
        std::abort();
      }
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::not_found) std::abort();
  }
  return 0;
}
