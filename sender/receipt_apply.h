// ReceiptApplier: what a short receipt means at the origin (parcel/RECEIPT.md, 3). It moves the
// parcel, and notes what a code says of its items; jobs, proofs and states of distribution points
// wait for the return, which takes the receipt's place. Source: behaviours.md P7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/vocabulary.h"
#include "ledger/parcel_book.h"
#include "parcel/receipt.h"
#include "sender/sender_parts.h"
#include "signer/receipt_words.h"

namespace courier {

struct AppliedReceipt {
  ReceiptForm form = ReceiptForm::words;
  bool confirmed = false;         // all is in
  bool partly_confirmed = false;  // it tells of items that did not arrive well
  std::uint32_t items = 0, told = 0;
};

class ReceiptApplier {
 public:
  explicit ReceiptApplier(SenderParts& context) : context_(context) {}

  // Takes a receipt for the parcel to the site that `id` names: its eight words, for which the keys
  // are unlocked, or the text of its code. Errors: not_found; usage, when it is neither; damaged,
  // when it was misheard or mistyped; not_addressed, when it is another parcel's; bad_signature,
  // revoked, unsupported; replayed; not_allowed, when the parcel is Confirmed already, a return, or
  // discarded, or its site is a new incarnation. Ensures: then nothing was changed.
  AppliedReceipt apply(const ParcelId& id, std::string_view text);

 private:
  AppliedReceipt apply_words(const ParcelRow& parcel, const ParcelId& id, std::string_view text);
  AppliedReceipt apply_code(const ParcelRow& parcel, const ParcelId& id, std::string_view text);
  bool are_words_of(const ParcelRow& parcel, const ParcelId& id, const ReceiptTag& tag);
  void require_signed(const SignedReceipt& code);
  void require_fresh(const Receipt& receipt, const ParcelRow& parcel);
  AppliedReceipt note_items(const Receipt& receipt, const ParcelId& id);

  SenderParts& context_;
};

}  // namespace courier
