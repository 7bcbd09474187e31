// Randomness that is the same in each run.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "base/digest.h"
#include "base/entropy.h"

namespace courier::test {

class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed = 1) { std::memcpy(state_.data(), &seed, sizeof seed); }
  void fill(MutableByteView out) override {
    while (!out.empty()) {
      ++state_[15];
      if (state_[15] == 0) ++state_[14];
      const Digest block = digest_of(DigestKind::file, state_);
      const std::size_t n = std::min(out.size(), block.bytes.size());
      std::memcpy(out.data(), block.bytes.data(), n);
      out = out.subspan(n);
    }
  }

 private:
  std::array<std::uint8_t, 16> state_{};
};

}  // namespace courier::test
