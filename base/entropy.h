// Entropy: the seam for randomness (keys, incarnations, temporary names).
#pragma once

#include "base/bytes.h"

namespace courier {

class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(MutableByteView out) = 0;
};

// The kernel's generator through libsodium.
class SystemEntropy final : public Entropy {
 public:
  void fill(MutableByteView out) override;
};

}  // namespace courier
