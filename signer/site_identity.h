// Identity file (`PUN.site`): who a site is, public parts only, signed by the site itself. It
// proves that its maker holds the keys in it; that these are the keys of that site is for people to
// say, by comparing the fingerprint (B36).
//
// Bytes: a checked file (checked_file.h) of the magic "PCLSITE\n", version 1, with the body: u8
// signature algorithm (1), 3 bytes site code, text name, u32 key generation, 64 bytes keys, u32
// incarnation ordinal, 16 bytes incarnation, i64 zigzag creation time in seconds, u16 parcel format
// version and u64 features that the site's program reads, count and byte strings of rotation
// certificates; then 64 bytes signature in the domain identity_signature over u16 version and the
// body before it.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/vocabulary.h"
#include "signer/fingerprint.h"
#include "signer/public_keys.h"

namespace courier {

inline constexpr std::size_t kMaxIdentitySize = 16 * 1024;
inline constexpr std::size_t kMaxSiteNameSize = 200;  // bytes of UTF-8

struct SiteIdentity {
  SiteCode code;
  std::string name;
  std::uint32_t key_generation = 1;
  PublicKeys keys;
  Incarnation incarnation;
  Time created;
  std::uint16_t format_version = 1;  // the parcel format that the site's program reads
  std::uint64_t features = 0;        // and its features
  std::vector<Bytes> succession;     // rotation certificates, oldest first

  Fingerprint fingerprint() const { return Fingerprint(code, keys); }

  // What KeyRing::export_identity signs: the version and the body without its signature.
  Bytes signed_part() const;
  // The whole file.
  Bytes encode_signed(const Signature& signature) const;

  // Reads an identity file and verifies its self-signature.
  // Errors: damaged (not an identity file, or changed bytes), unsupported (a newer version, another
  // algorithm), bad_signature (whole, but not signed by the keys in it).
  static SiteIdentity parse(ByteView file);

 private:
  Bytes encode_body() const;
};

}  // namespace courier
