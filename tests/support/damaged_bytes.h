// Bytes of a volume on a medium that can be damaged: changed, cut off, or answered with errors.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "base/error.h"
#include "media/volume_bytes.h"
#include "tests/support/test_parcels.h"

namespace courier::test {

inline Bytes random_bytes(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// Outlives the VolumeBytes that it gives.
class DamagedBytes {
 public:
  explicit DamagedBytes(Bytes bytes) : bytes_(std::move(bytes)) {}

  std::size_t size() const { return bytes_.size(); }
  // Every byte of the run is another one.
  void change(std::size_t first, std::size_t count) {
    for (std::size_t i = first; i < std::min(first + count, bytes_.size()); ++i) bytes_[i] ^= 0x5a;
  }
  void cut_off(std::size_t size) { bytes_.resize(size); }
  void fail(std::size_t first, std::size_t count) { failing_.emplace_back(first, first + count); }

  std::size_t failures() const { return failures_; }

  VolumeBytes view() {
    return {bytes_.size(), [this](std::uint64_t offset, MutableByteView out) -> std::size_t {
              if (offset >= bytes_.size()) return 0;
              const std::size_t n = std::min<std::uint64_t>(out.size(), bytes_.size() - offset);
              for (const auto& [first, end] : failing_) {
                if (offset < end && offset + n > first) {
                  ++failures_;
                  throw Error(ErrorCode::device, "medium", "cannot read");
                }
              }
              std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), n, out.begin());
              return n;
            }};
  }

 private:
  Bytes bytes_;
  std::vector<std::pair<std::size_t, std::size_t>> failing_;
  std::size_t failures_ = 0;
};

}  // namespace courier::test
