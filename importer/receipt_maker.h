// Short receipts: what this site says of one parcel when no medium goes back (parcel/RECEIPT.md).
// Makes nothing but the words and the code: the next return tells the same, and all else.
#pragma once

#include <optional>
#include <string>

#include "base/vocabulary.h"

namespace courier {

class KeyRing;
class Ledger;
class TrustList;

struct MadeReceipt {
  ParcelId parcel;
  bool all_in = false;
  std::string words;                  // empty unless all is in
  std::string code;                   // the text, as the QR code has it
  std::uint32_t items = 0, told = 0;  // of its packing list; how many the code speaks of
};

// The receipt of a parcel, or of the one that arrived last (from `to`, when that is given).
// Errors: not_found, when there is none; not_allowed, when it was not taken in, or is a return;
// keys_locked.
MadeReceipt make_receipt(const KeyRing& keys, const TrustList& trust, Ledger& ledger,
                         const std::optional<ParcelId>& parcel, const std::optional<SiteCode>& to);

}  // namespace courier
