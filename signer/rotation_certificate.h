// A site's old keys vouch for its new ones. Certificates ride in every label and identity file of
// the site, oldest first (its succession), so that a site that missed a rotation, or several,
// accepts the new keys by itself.
//
// Bytes: u8 version (1), u8 signature algorithm (1), 3 bytes site code, u32 old generation, u32 new
// generation, 32 bytes digest of the old keys (their fingerprint's), 64 bytes new keys, i64 zigzag
// creation time in seconds, 64 bytes signature by the old signing key in the domain
// rotation_signature over all before it.
#pragma once

#include <span>
#include <vector>

#include "base/clock.h"
#include "base/vocabulary.h"
#include "signer/public_keys.h"

namespace courier {

// Longer successions are cut at their old end; who missed more rotations joins again.
inline constexpr std::size_t kMaxSuccession = 16;
inline constexpr std::size_t kMaxRotationCertificateSize = 256;

struct RotationCertificate {
  SiteCode code;
  std::uint32_t old_generation = 0;
  std::uint32_t new_generation = 0;
  Digest old_keys;  // Fingerprint(code, old keys).digest()
  PublicKeys new_keys;
  Time created;
  Signature signature{};

  Bytes encode() const;
  // What the signature covers.
  Bytes signed_part() const;
  // Errors: unsupported (a newer version, another algorithm), damaged. Does not verify: that takes
  // the old key.
  static RotationCertificate parse(ByteView bytes);
  // True when these old keys of this site vouch for new_keys.
  bool is_vouched_by(const SiteCode& site, const PublicKeys& old) const;
};

// Errors: as parse, and damaged when there are more than kMaxSuccession.
std::vector<RotationCertificate> parse_succession(std::span<const Bytes> certificates);

}  // namespace courier
