// Signatures: always Ed25519, always over signing_input(kind, message), so that a signature made
// for one use is never one for another. There is no negotiation: an algorithm id other than
// kEd25519 is refused as unsupported before any signature is looked at (B35).
#pragma once

#include "base/bytes.h"
#include "base/digest.h"
#include "base/secret.h"
#include "signer/public_keys.h"

namespace courier {

// The signature algorithm id of format version 1.
inline constexpr std::uint8_t kEd25519 = 1;

// What is signed: 64 bytes of a message in its domain.
using SigningInput = std::array<std::uint8_t, 64>;

// True when `signature` is by `key` over `message` in this domain. Never throws; a signature of
// another length, a non-canonical one or a key of small order is false.
bool verify(const PublicKey& key, DigestKind domain, ByteView message, ByteView signature);

// The same of a receipt's code, domain `courier.rcptsig` (parcel/RECEIPT.md, 2).
bool verify_receipt(const PublicKey& key, ByteView message, ByteView signature);

// An Ed25519 key that signs and is wiped: a parcel's own key, and inside KeyRing a site's.
class SigningKey {
 public:
  // Precondition: 32 bytes.
  explicit SigningKey(ByteView seed);
  const PublicKey& public_key() const { return public_key_; }
  Signature sign(DigestKind domain, ByteView message) const;
  Signature sign_receipt(ByteView message) const;

 private:
  Signature sign_input(const SigningInput& input) const;

  Secret secret_;  // 64 bytes: seed, public key
  PublicKey public_key_{};
};

}  // namespace courier
