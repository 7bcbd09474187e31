#include "importer/return_parcel.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/durable.h"
#include "importer/returned_rows.h"
#include "importer/space.h"
#include "importer/stored_items.h"
#include "ledger/incoming_book.h"
#include "ledger/parcel_book.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "media/medium.h"
#include "parcel/parcel_writer.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"

namespace courier {
namespace {

constexpr std::uint64_t kReturnMargin = 1u << 20;  // label, key slots, sealing, the ledger's rows

std::vector<Holding> claims_of(const ReturnReport& report) {
  std::vector<Holding> claims;
  for (const ReportedHolding& held : report.holdings) {
    if (!held.missing.complete()) continue;
    Holding claim;
    claim.package = held.package;
    claim.version = held.version;
    claim.root = held.root;
    claims.push_back(std::move(claim));
  }
  return claims;
}

ParcelDraft draft_of(const ImporterParts& parts, const ParcelId& id, const ReturnReport& report) {
  const TrustedSite& site = parts.trust.require(id.to);
  const TrustedKey* key = site.current_key();
  if (!key) {
    throw Error{ErrorCode::revoked, "site " + id.to.str(), "has no key that counts"}.with_hint(
        "join its new identity with `courier site join`");
  }
  Item item;
  item.set_kind(ItemKind::verdicts);
  item.jobs = {0};
  item.body = encode_return_report(report);
  ParcelDraft draft;
  DraftAddressee addressee;
  addressee.code = id.to;
  addressee.number = id.number;
  addressee.known_incarnation = site.incarnation.ordinal;
  addressee.sealing_key = key->keys.sealing;
  addressee.last_return_seen = SiteBook{parts.ledger}.get(id.to).last_return;
  draft.addressees.push_back(addressee);
  draft.name = "Return of " + id.from.str();
  draft.created = parts.clock.now();
  draft.packing_list.items.push_back(std::move(item));
  draft.record_count = 0;
  return draft;
}

ParcelRow row_of_return(const ParcelId& id, const ParcelSummary& summary,
                        const ParcelDraft& draft) {
  ParcelRow row;
  ParcelAddressee addressee;
  addressee.id = id;
  addressee.last_return_seen = draft.addressees.front().last_return_seen;
  row.addressees.push_back(addressee);
  row.label = summary.label_digest;
  row.is_return = true;
  row.name = draft.name;
  row.file = parcel_file_name(id);
  row.file_bytes = summary.bytes;
  row.created = draft.created;
  return row;
}

}  // namespace

WrittenReturn make_return(const ImporterParts& parts, const SiteCode& origin) {
  SiteBook{parts.ledger}.get(origin);
  restate_stored_items(parts);
  const ReturnReport report = make_return_report(parts, origin);
  require_return_space(parts, encode_return_report(report).size() + kReturnMargin,
                       "return parcel to " + origin.str());

  ParcelBook parcels{parts.ledger};
  const ParcelId id = parcels.reserve({origin}).front();
  const ParcelDraft draft = draft_of(parts, id, report);
  Fd outbox = make_dirs(parts.fs, outbox_of(parts.home));
  DurableFile file{parts.fs, outbox, parcel_file_name(id)};
  ParcelWriter writer{[&](ByteView data) { file.write(data); }};
  writer.begin(draft, parts.keys, parts.entropy);
  const ParcelSummary summary = writer.finish();
  file.commit(Replace::never);

  ParcelItemRow item;
  item.kind = ItemKind::verdicts;
  item.jobs = {0};
  Transaction transaction{parts.ledger};
  parcels.create(row_of_return(id, summary, draft), {item});
  ReturnBook{parts.ledger}.record_sent(id, claims_of(report));
  IncomingBook{parts.ledger}.mark_reported(origin, id.number);
  if (!report.messages.empty()) {
    StatusLog{parts.ledger}.note_told(origin, id.number, report.messages.back().sequence);
  }
  transaction.commit();
  parts.journal.write(Component::despooler, Severity::info, "return " + id.str() + " made",
                      {{"return", id.str()}, {"to", origin.str()}});
  WrittenReturn made;
  made.id = id.str();
  made.to = origin;
  made.outbox_path = outbox_of(parts.home) + "/" + parcel_file_name(id);
  return made;
}

void write_return_to(const ImporterParts& parts, WrittenReturn& made, const std::string& target,
                     const ProgressSink& progress, const std::function<void()>& ready) {
  try {
    if (ready) ready();
    Fd outbox = open_dir(parts.fs, outbox_of(parts.home));
    const ParcelId id = ParcelId::parse(made.id);
    const std::string name = parcel_file_name(id);
    const VolumeBytes file = bytes_of_file(parts.fs, parts.fs.open_at(outbox, name, O_RDONLY));
    const UsbGate gate(Settings(parts.ledger).get("gate.allow"));
    const ProvedCopy copy = open_medium(parts.fs, target, gate)->write_proved(file, name, progress);
    made.written_path = copy.path;
    ParcelCopy row;
    row.target = target;
    row.medium_label = copy.medium.label;
    row.medium_serial = copy.medium.drive();
    row.verified = true;
    row.time = parts.clock.now();
    ParcelBook{parts.ledger}.add_copy(id, row);
  } catch (const Error& error) {
    made.error = Error{ErrorCode::device, "return " + made.id,
                       std::string("cannot be written: ") + error.what()}
                     .with_loss("nothing was lost: all is in, and the return lies in " +
                                escaped(made.outbox_path))
                     .with_hint("write it to another medium: `courier return create --to " +
                                made.to.str() + " --out TARGET`");
  }
}

std::vector<WrittenReturn> create_returns(const ImporterParts& parts,
                                          const std::optional<SiteCode>& to,
                                          const std::string& target, const ProgressSink& progress) {
  std::vector<SiteCode> sites;
  if (to) {
    SiteBook{parts.ledger}.get(*to);
    sites.push_back(*to);
  } else {
    for (const IncomingParcel& parcel : IncomingBook{parts.ledger}.list()) {
      const bool is_new = std::find(sites.begin(), sites.end(), parcel.id.from) == sites.end();
      if (!parcel.is_return && is_new && parts.trust.find(parcel.id.from)) {
        sites.push_back(parcel.id.from);
      }
    }
    // Whose parcel lay here alone, for others, is told so (B15).
    for (const TrustedSite& site : parts.trust.sites()) {
      if (std::find(sites.begin(), sites.end(), site.code) != sites.end()) continue;
      const auto row = SiteBook{parts.ledger}.find(site.code);
      if (!row) continue;
      if (!IncomingBook{parts.ledger}.misdelivered(site.code, row->acknowledged).empty()) {
        sites.push_back(site.code);
      }
    }
    std::sort(sites.begin(), sites.end());
  }
  if (sites.empty()) {
    throw Error{ErrorCode::not_found, "return parcel", "there is nobody to answer"}.with_hint(
        "name a site with --to to tell it what this site holds");
  }
  std::vector<WrittenReturn> made;
  for (const SiteCode& site : sites) {
    made.push_back(make_return(parts, site));
    if (!target.empty()) write_return_to(parts, made.back(), target, progress);
  }
  return made;
}

}  // namespace courier
