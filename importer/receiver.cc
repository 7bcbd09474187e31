#include "importer/receiver.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "importer/item_rules.h"
#include "importer/quarantine.h"
#include "importer/record_words.h"
#include "importer/returned_rows.h"
#include "importer/volume_set.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"

namespace courier {
namespace {

std::string subject_of(const Offer& offer) { return "parcel " + offer.id.str(); }

}  // namespace

ReceivedParcelReport Receiver::take(const OfferedParcel& volumes) {
  OpenOffer& open = *volumes.front();
  switch (open.offer.standing) {
    case Standing::unknown_signer:
      return quarantine(volumes);
    case Standing::known: {
      // Damaged here once: another copy of it can make it whole. Refused here once: a refusal is
      // not remembered, a right may have been granted since.
      if (lacks_something(IncomingBook{parts_.ledger}.items(open.offer.label_digest))) {
        return take_genuine(volumes);
      }
      ReceivedParcelReport report;
      report.offer = open.offer;
      // Stored, and a share failed: whoever brings the medium again asks for another try.
      const auto parcel = IncomingBook{parts_.ledger}.find(open.offer.label_digest);
      if (parcel && ItemRunner{parts_}.waits_for_shares(*parcel)) {
        run_items(*parcel, true, report);
        return report;
      }
      report.state = IncomingState::processed;
      report.already_received = true;
      show_items(open.offer.label_digest, report);
      return report;
    }
    case Standing::genuine:
      return take_genuine(volumes);
    default:
      return refuse(open);
  }
}

ReceivedParcelReport Receiver::refuse(OpenOffer& open) {
  ReceivedParcelReport report;
  report.offer = open.offer;
  report.state = IncomingState::refused;
  report.error = open.offer.error;
  report.exit_status = status_of(open.offer);
  parts_.journal.write(Component::despooler, Severity::warning,
                       subject_of(open.offer) + " refused: " +
                           (open.offer.error ? open.offer.error->what() : "not for this site"),
                       {{"parcel", open.offer.id.str()}});
  return report;
}

ReceivedParcelReport Receiver::quarantine(const OfferedParcel& volumes) {
  OpenOffer& open = *volumes.front();
  ReceivedParcelReport report;
  report.offer = open.offer;
  report.state = IncomingState::quarantined;
  report.error = open.offer.error;
  try {
    for (OpenOffer* volume : volumes) {
      reopen(parts_.fs, *volume, IdentifyHome{parts_.keys, parts_.trust, parts_.ledger});
      if (volume->offer.standing != Standing::unknown_signer) continue;
      keep_in_quarantine(parts_, *volume);
      close(*volume);
    }
    const Label& label = open.offer.label;
    report.error =
        Error{
            ErrorCode::no_key, subject_of(open.offer),
            fmt::format("is signed by a key of {} that is not known here", label.sender.code.str())}
            .with_loss("nothing was lost: it is kept in quarantine, unopened")
            .with_hint(fmt::format(
                "join the identity of {} with `courier site join`; then `courier job run` goes on "
                "without the medium",
                label.sender.code.str()));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::no_space && error.code() != ErrorCode::damaged) throw;
    report.state = IncomingState::refused;
    report.error = error;
  }
  report.exit_status = report.error->exit_status();
  return report;
}

IncomingParcel Receiver::begin(const OpenOffer& open, const OpenedParcel& opened) {
  const Label& label = open.head->label();
  const SiteCode from = label.sender.code;
  // The sender's keys and incarnation are followed only now that its signature is verified.
  if (!parts_.trust.find_signer(label.sender.signing_key)) {
    parts_.trust.accept_rotation(from, label.certificates);
  }
  parts_.trust.see_incarnation(from, label.sender.incarnation);

  IncomingBook incoming{parts_.ledger};
  SiteBook sites{parts_.ledger};
  IncomingParcel row;
  row.label = open.offer.label_digest;
  row.id = open.offer.id;
  row.sender_incarnation = label.sender.incarnation;
  row.name = label.name;
  row.comment = label.comment;
  row.signer = open.offer.fingerprint;
  row.is_return = is_return(opened.packing_list);
  row.written = label.created;
  row.arrived = parts_.clock.now();
  row.record_count = label.record_count;
  row.item_count = opened.packing_list.items.size();
  row.content_bytes = label.content_bytes;
  row.last_return_seen = opened.addressee->last_return_seen;
  row.sealed_to = opened.addressee->sealing_key;

  const auto addressee = static_cast<std::size_t>(opened.addressee - label.addressees.data());
  std::vector<IncomingItem> items;
  for (const Item& item : opened.packing_list.items) {
    IncomingItem entry;
    entry.label = row.label;
    entry.index = static_cast<std::uint32_t>(items.size());
    entry.kind = item.kind_code;
    entry.job = addressee < item.jobs.size() ? item.jobs[addressee] : 0;
    entry.package = item.package;
    entry.version = item.version;
    entry.root = item.root;
    entry.bytes = item.content_bytes;
    entry.files = item.files;
    entry.package_name = item.package_name;
    entry.share_name = item.share_name;
    entry.no_files = item.no_files;
    entry.dps = item.dps;
    entry.encoded = encode_item(item, entry.job);
    items.push_back(std::move(entry));
  }

  Transaction transaction{parts_.ledger};
  sites.see_incarnation(from, label.sender.incarnation);
  // What it has seen of our returns counts within our incarnation only.
  if (opened.addressee->known_incarnation == parts_.keys.incarnation().ordinal) {
    sites.acknowledge_returns(from, opened.addressee->last_return_seen, "parcel " + row.id.str());
  }
  auto before = incoming.find(row.label);
  if (!before ||
      (before->state != IncomingState::accepted && before->state != IncomingState::processed)) {
    incoming.begin(row);
    incoming.set_items(row.label, items);
  }
  transaction.commit();
  parts_.journal.write(
      Component::despooler, Severity::info,
      fmt::format("{}: label and packing list verified, {}", subject_of(open.offer),
                  counted(row.item_count, "item", "items")),
      {{"parcel", row.id.str()}, {"signer", row.signer}});
  return *incoming.find(row.label);
}

ReceivedParcelReport Receiver::take_genuine(const OfferedParcel& volumes) {
  OpenOffer& open = *volumes.front();
  ReceivedParcelReport report;
  report.offer = open.offer;
  open.source->stop_recording();
  try {
    const OpenedParcel opened = open_parcel(*open.head, parts_.keys);
    const IncomingParcel parcel = begin(open, opened);
    const bool again = parcel.state == IncomingState::processed;
    if (!take_records(volumes, opened, parcel, report)) return report;
    run_items(parcel, again, report);
    return report;
  } catch (const Error& error) {
    note_failure(error, report);
    return report;
  }
}

// Precondition: called where `error` is caught. What stops everything is thrown on; what is wrong
// with this parcel does not stop the next.
void Receiver::note_failure(const Error& error, ReceivedParcelReport& report) {
  if (error.code() == ErrorCode::device || error.code() == ErrorCode::internal ||
      error.code() == ErrorCode::busy) {
    throw;
  }
  auto row = IncomingBook{parts_.ledger}.find(report.offer.label_digest);
  report.state = row ? row->state : IncomingState::refused;
  report.error = error;
  report.exit_status = error.exit_status();
  parts_.journal.write(Component::despooler, Severity::error,
                       subject_of(report.offer) + ": " + error.what(),
                       {{"parcel", report.offer.id.str()}});
}

void Receiver::run_items(const IncomingParcel& parcel, bool again, ReceivedParcelReport& report) {
  IncomingBook incoming{parts_.ledger};
  std::vector<int> statuses;
  bool all_done = true;
  ItemRunner runner{parts_};
  for (const RunItem& item :
       runner.run(parcel, report.missing_records, report.without_base, progress_)) {
    statuses.push_back(item.status);
    all_done = all_done && item.row.state == ItemState::done;
    if (report.hint.empty()) report.hint = item.hint;
  }
  if (all_done && !again) incoming.process(parcel.label, "every item has a verdict");
  report.state = all_done ? IncomingState::processed : IncomingState::accepted;
  report.exit_status = combined_status(statuses);
  const bool is_damaged =
      report.damaged_records > 0 || report.damaged_bytes > 0 || report.is_end_damaged;
  const bool is_end_only = report.is_end_damaged && !report.is_end_forged &&
                           report.damaged_records == 0 && report.damaged_bytes == 0 &&
                           report.missing_records.empty();
  if (report.exit_status == 0 && is_end_only) {
    // Every record is in and authentic: the end record would only have said how many there are.
    report.remark = "its end is damaged; every record is in";
  } else if (report.exit_status == 0 && is_damaged) {
    report.exit_status = row_of(ErrorCode::partly_done).exit_status;
    report.error = Error{ErrorCode::partly_done, subject_of(report.offer),
                         "is damaged where no item needs it: " + needless_damage(report)}
                       .with_loss("nothing was lost: every item is in")
                       .with_hint("do not trust this medium with another parcel");
  } else if (report.exit_status != 0 && !report.missing_records.empty() &&
             damaged_of(report).empty()) {
    report.error =
        Error{ErrorCode::incomplete, subject_of(report.offer), what_lacks_base(report)}
            .with_loss("nothing was lost: what is here is as it was, and what came is kept")
            .with_hint("the return asks for what is missing");
  } else if (!report.missing_records.empty() && report.exit_status != 0) {
    const DamagedVolumes damaged =
        damaged_volumes(damaged_of(report), incoming.volumes(parcel.label));
    report.damaged_volumes = first_numbers(damaged.numbers);
    const std::string volumes = damaged.str();
    report.error = Error{ErrorCode::damaged, subject_of(report.offer),
                         (volumes.empty() ? "" : volumes + ": ") + what_is_missing(report)}
                       .with_loss(
                           "nothing was lost here: the items that are whole are in, the shares "
                           "serve what they served")
                       .with_hint("the return asks for what is missing; another copy of " +
                                  (volumes.empty() ? "the parcel" : volumes) + " will do, too");
  }
  if (report.killed && report.error) {
    // Another copy has the same record, for its sender signed it: what helps is to report it.
    report.error = Error{report.error->code(), report.error->subject(),
                         report.error->happened() + "; " + report.killed->happened()}
                       .with_loss(std::string(report.error->loss()))
                       .with_hint(std::string(report.killed->hint()));
  }
  show_items(parcel.label, report);
}

void Receiver::show_items(const Digest& label, ReceivedParcelReport& report) {
  report.items.clear();
  for (const IncomingItem& row : IncomingBook{parts_.ledger}.items(label)) {
    ReceivedItem item;
    item.job = row.job;
    item.kind = kind_word(row.kind);
    item.package = row.package;
    item.version = row.version;
    item.verdict = row.verdict;
    item.reason = row.reason;
    report.items.push_back(std::move(item));
  }
}

ReceivedParcelReport Receiver::go_on(const IncomingParcel& parcel) {
  ReceivedParcelReport report;
  report.offer.id = parcel.id;
  report.offer.label_digest = parcel.label;
  report.offer.title = parcel.id.str();
  report.offer.standing = Standing::genuine;
  report.offer.is_return = parcel.is_return;
  try {
    if (ItemRunner{parts_}.wants_content(parcel)) {
      report.missing_records = missing_of(parcel);
    }
    run_items(parcel, false, report);
  } catch (const Error& error) {
    note_failure(error, report);
  }
  return report;
}

}  // namespace courier
