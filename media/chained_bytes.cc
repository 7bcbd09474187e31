#include "media/chained_bytes.h"

#include <algorithm>
#include <utility>

namespace courier {

VolumeBytes bytes_in_memory(Bytes bytes) {
  const std::uint64_t size = bytes.size();
  return {size, [bytes = std::move(bytes)](std::uint64_t offset, MutableByteView out) {
            const auto at = static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes.size()));
            const std::size_t n = std::min(out.size(), bytes.size() - at);
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
            return n;
          }};
}

VolumeBytes part_of(const VolumeBytes& whole, std::uint64_t offset, std::uint64_t size) {
  return {size,
          [read_at = whole.read_at, begin = offset, size](std::uint64_t at,
                                                          MutableByteView out) -> std::size_t {
            if (at >= size) return 0;
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size - at));
            return read_at(begin + at, out.first(n));
          }};
}

VolumeBytes chained(std::vector<VolumeBytes> parts) {
  VolumeBytes whole;
  std::vector<std::uint64_t> begins;
  for (const VolumeBytes& part : parts) {
    begins.push_back(whole.size);
    whole.size += part.size;
  }
  whole.read_at = [parts = std::move(parts), begins = std::move(begins)](std::uint64_t offset,
                                                                         MutableByteView out) {
    auto i = static_cast<std::size_t>(std::ranges::upper_bound(begins, offset) - begins.begin());
    std::size_t filled = 0;
    for (i -= i > 0 ? 1 : 0; i < parts.size() && filled < out.size(); ++i) {
      const std::uint64_t within = offset + filled - begins[i];
      if (within >= parts[i].size) continue;
      const auto wanted = static_cast<std::size_t>(
          std::min<std::uint64_t>(parts[i].size - within, out.size() - filled));
      const std::size_t n = parts[i].read_at(within, out.subspan(filled, wanted));
      filled += n;
      if (n < wanted) break;
    }
    return filled;
  };
  return whole;
}

}  // namespace courier
