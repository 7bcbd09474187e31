// Short receipt: what an addressee says of one parcel when no medium goes back. As a code: a signed
// text of at most 1,448 characters that fits a QR code. As words (signer/receipt_words.h): here is
// only the statement that they stand for. parcel/RECEIPT.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/vocabulary.h"
#include "signer/public_keys.h"

namespace courier {

inline constexpr std::size_t kMaxReceiptSize = 900;  // bytes: as text 1,448 characters
inline constexpr std::size_t kMaxReceiptItems = 65536;
inline constexpr std::size_t kMaxReceiptRuns = 256;
inline constexpr std::size_t kMaxReceiptReason = 60;

// Installed, stored, removed or superseded: nothing more of it is to be sent.
bool is_in(VerdictKind verdict);

// Items one after the other that came to the same.
struct ReceiptRun {
  std::uint32_t length = 0;
  std::optional<VerdictKind> verdict;  // nullopt: none yet
  std::string reason;
  bool operator==(const ReceiptRun&) const = default;
};

struct Receipt {
  ParcelId parcel;
  Digest label;
  Incarnation incarnation;    // of the addressee
  std::uint64_t returns = 0;  // number of its last parcel for the sender; 0: none
  std::uint32_t items = 0;    // of the packing list
  std::vector<ReceiptRun> runs;
  bool operator==(const Receipt&) const = default;

  // What came of the next item, in their order.
  void add(const std::optional<VerdictKind>& verdict, const std::string& reason);
  std::uint32_t told() const;  // how many of the items the runs speak of
};

// What a receipt's words say: that all of this parcel is in.
Bytes receipt_statement(const ParcelId& parcel, const Digest& label,
                        const Incarnation& incarnation);

// The text of a code.
std::string receipt_text(ByteView signed_part, const Signature& signature);

// The code's text. Runs that do not fit are left out, the last ones first, from `receipt` too.
// sign: of the bytes that it is given, by the addressee's signing key.
std::string encode_receipt(Receipt& receipt, const std::function<Signature(ByteView)>& sign);

struct SignedReceipt {
  Receipt receipt;
  Bytes signed_part;
  Signature signature{};
};

bool looks_like_receipt_code(std::string_view text);

// Errors: usage, when it does not begin as a code; damaged, when a character, the checksum, a limit
// or the form is wrong; unsupported, when its version or algorithm is newer.
SignedReceipt parse_receipt(std::string_view text);

}  // namespace courier
