// Trust item: what the body of an item of kind trust says: a rotation of the sender's keys, or a
// key that nobody may trust any longer. parcel/FORMAT.md, "Trust item".
#pragma once

#include <cstdint>
#include <variant>

#include "base/bytes.h"
#include "base/vocabulary.h"
#include "parcel/label.h"

namespace courier {

// The certificate old key -> new key, as signer/ encodes it (it carries the old key's signature).
struct KeyRotated {
  Bytes certificate;
  bool operator==(const KeyRotated&) const = default;
};

// The sender asks that this signing key of that site be trusted no longer.
struct KeyRevoked {
  SiteCode site;
  PublicKey signing_key{};
  bool operator==(const KeyRevoked&) const = default;
};

using TrustItem = std::variant<KeyRotated, KeyRevoked>;

Bytes encode_trust_item(const TrustItem& item);

// Errors: damaged, when the form is wrong; unsupported, when the action is not known.
TrustItem parse_trust_item(ByteView body);

}  // namespace courier
