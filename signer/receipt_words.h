// Receipt words: eight words by which an addressee says over the telephone that all of a parcel is
// in. Seven of them are a tag that only the two sites can make, from the secret that their sealing
// keys have in common (made in KeyRing::receipt_tag); the eighth is a check, so that a misheard
// word is told from words of something else. parcel/RECEIPT.md, "Words".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "signer/public_keys.h"

namespace courier {

inline constexpr std::size_t kReceiptWords = 8;

// 77 bits: seven numbers below 2048.
using ReceiptTag = std::array<std::uint16_t, kReceiptWords - 1>;

// The sealing keys of the parcel's sender and of the addressee who says it.
struct ReceiptPair {
  PublicKey sender{}, addressee{};
};

// The tag of a statement. own: the secret of one key of the pair, 32 bytes; other: the other key.
// Errors: not_trusted, when the other key gives no secret.
ReceiptTag make_receipt_tag(const ReceiptPair& pair, ByteView own, const PublicKey& other,
                            ByteView statement);

// "legal winner thank year wave sausage worth useful": the tag and its check.
std::string receipt_words(const ReceiptTag& tag);

// The tag that eight words stand for, in any case, whatever is between them. Errors: usage, when
// these are not eight words of the list (says which is none); damaged, when the check says that one
// was misheard.
ReceiptTag parse_receipt_words(std::string_view text);

}  // namespace courier
