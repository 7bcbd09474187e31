// Volume digest: the digest of a volume, made while it is written as part of something larger.
#pragma once

#include <cstdint>

#include "base/digest.h"
#include "media/volume_bytes.h"

namespace courier {

// Its bytes() must not outlive it.
class VolumeDigest {
 public:
  explicit VolumeDigest(const VolumeBytes& volume) : volume_(volume) {}
  VolumeDigest(const VolumeDigest&) = delete;
  VolumeDigest& operator=(const VolumeDigest&) = delete;

  // The volume's bytes. Each is counted when it is read for the first time; they are read forwards.
  VolumeBytes bytes() {
    return {volume_.size, [this](std::uint64_t offset, MutableByteView out) {
              const std::size_t n = volume_.read_at(offset, out);
              if (offset == done_) {
                hasher_.update(out.first(n));
                done_ += n;
              }
              return n;
            }};
  }
  // Precondition: all were read.
  Digest finish() { return hasher_.finish(); }

 private:
  const VolumeBytes& volume_;
  Hasher hasher_{DigestKind::file};
  std::uint64_t done_ = 0;
};

}  // namespace courier
