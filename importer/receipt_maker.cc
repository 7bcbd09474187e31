#include "importer/receipt_maker.h"

#include <algorithm>

#include "base/error.h"
#include "ledger/incoming_book.h"
#include "ledger/parcel_book.h"
#include "parcel/receipt.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"

namespace courier {
namespace {

std::optional<IncomingParcel> chosen(IncomingBook& incoming, const std::optional<ParcelId>& parcel,
                                     const std::optional<SiteCode>& to) {
  if (parcel) return incoming.find(*parcel);
  for (const IncomingParcel& row : incoming.list()) {
    if (!row.is_return && (!to || row.id.from == *to)) return row;
  }
  return std::nullopt;
}

IncomingParcel required(IncomingBook& incoming, const std::optional<ParcelId>& parcel,
                        const std::optional<SiteCode>& to) {
  const std::optional<IncomingParcel> row = chosen(incoming, parcel, to);
  if (!row) {
    throw Error(ErrorCode::not_found, parcel ? "parcel " + parcel->str() : "receipt",
                parcel ? "did not arrive here" : "no parcel has arrived to give one for")
        .with_hint("'courier parcel list --incoming' shows what arrived");
  }
  const std::string subject = "parcel " + row->id.str();
  if (row->is_return) {
    throw Error(ErrorCode::not_allowed, subject, "is a return, which nothing answers");
  }
  if (row->state == IncomingState::quarantined || row->state == IncomingState::refused) {
    throw Error(ErrorCode::not_allowed, subject,
                "is " + std::string(word(row->state)) + ": nothing of it was taken in")
        .with_hint("a return says so too: 'courier return create --out TARGET'");
  }
  return *row;
}

bool is_in(const IncomingItem& item) {
  if (item.kind == static_cast<std::uint8_t>(ItemKind::announcement)) return true;
  return item.verdict && courier::is_in(*item.verdict);
}

// The keys that both sites can name: RECEIPT.md, "Which keys".
std::optional<ReceiptPair> pair_of(const KeyRing& keys, const TrustedSite& sender,
                                   const IncomingParcel& parcel) {
  const TrustedKey* theirs = sender.current_key();
  for (const TrustedKey& key : sender.keys) {
    const bool counts = key.status == KeyStatus::current || key.status == KeyStatus::previous;
    if (counts && sender.fingerprint_of(key).words() == parcel.signer) theirs = &key;
  }
  if (theirs == nullptr) return std::nullopt;
  ReceiptPair pair{theirs->keys.sealing, keys.public_keys().sealing};
  for (const KeyGeneration& own : keys.generations()) {
    if (sealing_key_digest(own.keys.sealing) == parcel.sealed_to) pair.addressee = own.keys.sealing;
  }
  return pair;
}

}  // namespace

MadeReceipt make_receipt(const KeyRing& keys, const TrustList& trust, Ledger& ledger,
                         const std::optional<ParcelId>& parcel, const std::optional<SiteCode>& to) {
  IncomingBook incoming(ledger);
  const IncomingParcel row = required(incoming, parcel, to);
  const TrustedSite& sender = trust.require(row.id.from);
  const std::vector<IncomingItem> items = incoming.items(row.label);

  Receipt receipt;
  receipt.parcel = row.id;
  receipt.label = row.label;
  receipt.incarnation = keys.incarnation();
  receipt.returns = ParcelBook(ledger).peek({row.id.from}).front().number - 1;
  receipt.items = static_cast<std::uint32_t>(row.item_count);
  for (const IncomingItem& item : items) receipt.add(item.verdict, item.reason);

  MadeReceipt made;
  made.parcel = row.id;
  made.items = receipt.items;
  made.all_in = items.size() == row.item_count &&
                std::ranges::all_of(items, [](const auto& item) { return is_in(item); });
  const std::optional<ReceiptPair> pair = pair_of(keys, sender, row);
  if (made.all_in && pair) {
    made.words = receipt_words(
        keys.receipt_tag(*pair, receipt_statement(row.id, row.label, receipt.incarnation)));
  }
  made.code =
      encode_receipt(receipt, [&keys](ByteView message) { return keys.sign_receipt(message); });
  made.told = receipt.told();
  return made;
}

}  // namespace courier
