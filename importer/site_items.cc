// Items of the item runner that are about sites and not about packages: trust and returns.
#include "importer/item_runner.h"
#include "importer/returned_rows.h"
#include "ledger/return_book.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "parcel/return_report.h"
#include "parcel/trust_item.h"
#include "signer/rights.h"

namespace courier {

RunItem ItemRunner::take_trust(const IncomingParcel& parcel, IncomingItem row, const Item& item) {
  const TrustedSite sender = parts_.trust.require(parcel.id.from);
  try {
    const TrustItem change = parse_trust_item(item.body);
    if (const auto* rotated = std::get_if<KeyRotated>(&change)) {
      const RotationCertificate certificate = RotationCertificate::parse(rotated->certificate);
      if (!may_send_trust(sender, certificate.code)) {
        return finish(std::move(row), VerdictKind::refused,
                      "not authorised to speak for the keys of " + certificate.code.str());
      }
      parts_.trust.accept_rotation(certificate.code, std::vector<Bytes>{rotated->certificate});
      return finish(std::move(row), VerdictKind::stored,
                    "new keys of " + certificate.code.str() + " accepted");
    }
    const auto& revoked = std::get<KeyRevoked>(change);
    if (!may_send_trust(sender, revoked.site)) {
      return finish(std::move(row), VerdictKind::refused,
                    "not authorised to speak for the keys of " + revoked.site.str());
    }
    const TrustedSite* about = parts_.trust.find(revoked.site);
    if (!about || !about->find_key(revoked.signing_key)) {
      return finish(std::move(row), VerdictKind::stored,
                    "a key of " + revoked.site.str() + " that is not known here");
    }
    parts_.trust.revoke_key(revoked.site, revoked.signing_key);
    return finish(std::move(row), VerdictKind::stored,
                  "a key of " + revoked.site.str() + " revoked");
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::unsupported) throw;
    return finish(std::move(row), VerdictKind::refused, error.what());
  }
}

RunItem ItemRunner::take_report(const IncomingParcel& parcel, IncomingItem row, const Item& item) {
  try {
    const ReturnReport report = parse_return_report(item.body);
    Label label;  // of the parcel that carries it, as its row keeps it
    label.sender.incarnation = parcel.sender_incarnation;
    label.created = parcel.written;
    // What a later return said is not undone by one that comes late.
    if (parcel.id.number > SiteBook{parts_.ledger}.get(parcel.id.from).last_return) {
      parts_.trust.note_capabilities(parcel.id.from, report.format_version, report.features);
    }
    Transaction transaction{parts_.ledger};
    ReturnBook{parts_.ledger}.store(to_rows(report, label, parcel.label, parcel.id));
    StatusLog{parts_.ledger}.add_returned(parcel.id.from, parcel.sender_incarnation,
                                          to_messages(report, parcel.id.from));
    RunItem run = finish(std::move(row), VerdictKind::stored, "");
    transaction.commit();
    return run;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::unsupported) throw;
    return finish(std::move(row), VerdictKind::refused, error.what());
  }
}

}  // namespace courier
