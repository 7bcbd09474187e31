// Key slots and what is derived from the content key. Each addressee has one slot: the content key
// sealed to its key, together with what it is for, so that a slot moved into another parcel or
// under another sender's label is noticed. parcel/FORMAT.md, "Keys" and "Key slots".
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/vocabulary.h"
#include "signer/public_keys.h"
#include "signer/sealed_box.h"

namespace courier {

inline constexpr std::size_t kContentKeySize = 32;
inline constexpr std::size_t kKeySlotPlaintext = kContentKeySize + 32 + 32 + 3;
inline constexpr std::size_t kKeySlotSize = kKeySlotPlaintext + kSealedBoxOverhead;

// What a slot binds the content key to.
struct SlotBinding {
  PublicKey parcel_key{};
  PublicKey sender_key{};
  SiteCode addressee;
};

// The bytes of the slot before they are sealed, and back: the content key, or nullopt when the
// bytes are for another parcel, sender or addressee, or of another size.
Secret slot_plaintext(ByteView content_key, const SlotBinding& binding);
std::optional<Secret> take_content_key(const Secret& plaintext, const SlotBinding& binding);

// The slots of n addressees, cut apart. Errors: damaged, unless there are exactly n.
std::vector<ByteView> split_key_slots(ByteView payload, std::size_t addressees,
                                      const std::string& subject = "key slots");

// Commits to the content key: two keys that open the same bytes have two commitments.
Digest key_commitment(ByteView content_key, const PublicKey& parcel_key);

// Sub-keys, 32 bytes. Source: libsodium crypto_kdf_derive_from_key.
Secret packing_list_key(ByteView content_key);
Secret record_key(ByteView content_key);

// Associated data of the packing list: the parcel key and the sender's signing key.
Bytes packing_list_associated(const PublicKey& parcel_key, const PublicKey& sender_key);

}  // namespace courier
