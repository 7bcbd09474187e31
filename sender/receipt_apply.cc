#include "sender/receipt_apply.h"

#include <map>

#include "base/error.h"
#include "ledger/site_book.h"
#include "signer/key_ring.h"
#include "signer/signature.h"
#include "signer/trust_list.h"

namespace courier {
namespace {

bool counts(const TrustedKey& key) {
  return key.status == KeyStatus::current || key.status == KeyStatus::previous;
}

Error refused(ErrorCode code, const ParcelId& id, std::string what) {
  return Error(code, "receipt of parcel " + id.str(), std::move(what))
      .with_loss("nothing was changed");
}

std::string by_return(const SiteCode& site) {
  return "take in a return of " + site.str() + ", which says it in full";
}

void require_open(const ParcelRow& parcel, const ParcelId& id) {
  const ParcelAddressee* addressee = parcel.addressee(id.to);
  const std::string subject = "parcel " + id.str();
  if (parcel.is_return) {
    throw Error(ErrorCode::not_allowed, subject, "is a return, which nothing answers");
  }
  if (addressee->state == ParcelState::created || addressee->state == ParcelState::sent) return;
  const bool by_receipt = addressee->state == ParcelState::confirmed && addressee->receipt;
  throw Error(ErrorCode::not_allowed, subject,
              "is " + std::string(word(addressee->state)) + " already" +
                  (by_receipt ? ", by a receipt" : ""))
      .with_loss("nothing was changed")
      .with_hint(by_receipt ? by_return(id.to) : "there is nothing to do");
}

bool is_negative(VerdictKind verdict) {
  return verdict == VerdictKind::refused || verdict == VerdictKind::damaged ||
         verdict == VerdictKind::incomplete || verdict == VerdictKind::quarantined;
}

}  // namespace

AppliedReceipt ReceiptApplier::apply(const ParcelId& id, std::string_view text) {
  Transaction transaction(context_.ledger);
  const ParcelRow parcel = ParcelBook(context_.ledger).get(id);
  const AppliedReceipt applied =
      looks_like_receipt_code(text) ? apply_code(parcel, id, text) : apply_words(parcel, id, text);
  ParcelBook parcels(context_.ledger);
  if (applied.confirmed) {
    parcels.confirm_by_receipt(id, applied.form);
  } else if (applied.partly_confirmed) {
    parcels.partly_confirm_by_receipt(id, applied.form);
  }
  transaction.commit();
  context_.journal.write(
      Component::courier_sender, applied.confirmed ? Severity::info : Severity::warning,
      "parcel " + id.str() + ": a receipt by " + std::string(word(applied.form)) +
          (applied.confirmed          ? " says that all is in"
           : applied.partly_confirmed ? " says that not all arrived well"
                                      : " does not tell of all items"),
      {{"parcel", id.str()}});
  return applied;
}

AppliedReceipt ReceiptApplier::apply_words(const ParcelRow& parcel, const ParcelId& id,
                                           std::string_view text) {
  const ReceiptTag tag = parse_receipt_words(text);
  if (!are_words_of(parcel, id, tag)) {
    for (const ParcelRow& other : ParcelBook(context_.ledger).list()) {
      const ParcelAddressee* addressee = other.addressee(id.to);
      if (addressee == nullptr || other.is_return || addressee->id == id) continue;
      if (are_words_of(other, addressee->id, tag)) {
        throw refused(ErrorCode::not_addressed, id,
                      "these are the words of parcel " + addressee->id.str())
            .with_hint("courier parcel mark " + addressee->id.str() +
                       " confirmed --receipt 'CODE'");
      }
    }
    throw refused(ErrorCode::bad_signature, id,
                  "these are not its words: they are another site's or another parcel's, or "
                  "made with keys that are not known here")
        .with_hint("ask which parcel they are for; if " + id.to.str() +
                   " has new keys or was restored, " + by_return(id.to));
  }
  require_open(parcel, id);
  AppliedReceipt applied;
  applied.confirmed = true;
  applied.items = applied.told =
      static_cast<std::uint32_t>(ParcelBook(context_.ledger).items(id).size());
  return applied;
}

bool ReceiptApplier::are_words_of(const ParcelRow& parcel, const ParcelId& id,
                                  const ReceiptTag& tag) {
  const Incarnation incarnation = SiteBook(context_.ledger).get(id.to).incarnation;
  const Bytes statement = receipt_statement(id, parcel.label, incarnation);
  for (const TrustedKey& theirs : context_.trust.require(id.to).keys) {
    if (!counts(theirs)) continue;
    for (const KeyGeneration& own : context_.keys.generations()) {
      const ReceiptPair pair{own.keys.sealing, theirs.keys.sealing};
      if (context_.keys.receipt_tag(pair, statement) == tag) return true;
    }
  }
  return false;
}

AppliedReceipt ReceiptApplier::apply_code(const ParcelRow& parcel, const ParcelId& id,
                                          std::string_view text) {
  const SignedReceipt code = parse_receipt(text);
  if (code.receipt.parcel != id) {
    throw refused(ErrorCode::not_addressed, id, "it is that of parcel " + code.receipt.parcel.str())
        .with_hint("courier parcel mark " + code.receipt.parcel.str() +
                   " confirmed --receipt 'CODE'");
  }
  require_signed(code);
  require_fresh(code.receipt, parcel);
  require_open(parcel, id);
  return note_items(code.receipt, id);
}

void ReceiptApplier::require_signed(const SignedReceipt& code) {
  const ParcelId& id = code.receipt.parcel;
  for (const TrustedKey& key : context_.trust.require(id.to).keys) {
    if (!verify_receipt(key.keys.signing, code.signed_part, code.signature)) continue;
    if (counts(key)) return;
    throw refused(
        ErrorCode::revoked, id,
        "it is signed by a key of " + id.to.str() + " that is " + std::string(word(key.status)));
  }
  throw refused(ErrorCode::bad_signature, id,
                "it is not signed by a key of " + id.to.str() + " that is known here")
      .with_hint("if " + id.to.str() + " has new keys, join its identity again, or " +
                 by_return(id.to));
}

void ReceiptApplier::require_fresh(const Receipt& receipt, const ParcelRow& parcel) {
  const ParcelId& id = receipt.parcel;
  if (receipt.label != parcel.label) {
    throw refused(ErrorCode::replayed, id, "it is of another parcel that had this number")
        .with_hint(by_return(id.to));
  }
  const SiteRow site = SiteBook(context_.ledger).get(id.to);
  if (site.incarnation.ordinal != 0 && receipt.incarnation != site.incarnation) {
    const bool newer = receipt.incarnation.ordinal > site.incarnation.ordinal;
    throw refused(newer ? ErrorCode::not_allowed : ErrorCode::replayed, id,
                  newer ? id.to.str() + " was restored or made anew since it was last heard of"
                        : "it is from before " + id.to.str() + " was restored or made anew")
        .with_hint(by_return(id.to));
  }
  if (receipt.returns < site.last_return) {
    throw refused(ErrorCode::replayed, id,
                  "it is older than return " + ParcelId{id.to, id.from, site.last_return}.str() +
                      ", which was applied")
        .with_hint("there is nothing to do: the return said more");
  }
}

// What a return, or an earlier receipt, said to be in stays in.
AppliedReceipt ReceiptApplier::note_items(const Receipt& receipt, const ParcelId& id) {
  ParcelBook parcels(context_.ledger);
  const std::vector<ParcelItemRow> items = parcels.items(id);
  if (receipt.items != items.size()) {
    throw refused(ErrorCode::bad_signature, id,
                  "it speaks of " + std::to_string(receipt.items) + " items where the parcel has " +
                      std::to_string(items.size()));
  }
  std::map<std::uint32_t, VerdictKind> known;
  for (const ItemVerdict& verdict : parcels.verdicts(id))
    if (verdict.site == id.to && verdict.verdict) known[verdict.index] = *verdict.verdict;

  AppliedReceipt applied;
  applied.form = ReceiptForm::code;
  applied.items = receipt.items;
  applied.told = receipt.told();
  applied.confirmed = true;
  std::size_t at = 0;
  for (const ReceiptRun& run : receipt.runs) {
    for (std::uint32_t i = 0; i < run.length; ++i, ++at) {
      const ParcelItemRow& item = items[at];
      const auto before = known.find(item.index);
      if (before != known.end() && is_in(before->second)) continue;
      if (run.verdict) {
        parcels.set_verdict(id,
                            {item.index, id.to, run.verdict, run.reason, "", context_.clock.now()});
      }
      if (item.kind == ItemKind::announcement || (run.verdict && is_in(*run.verdict))) continue;
      applied.confirmed = false;
      applied.partly_confirmed =
          applied.partly_confirmed || (run.verdict && is_negative(*run.verdict));
    }
  }
  for (; at < items.size(); ++at) {
    const auto before = known.find(items[at].index);
    const bool was_in = before != known.end() && is_in(before->second);
    applied.confirmed = applied.confirmed && was_in;
  }
  return applied;
}

}  // namespace courier
