#include "importer/receiver.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "importer/despooler.h"
#include "importer/quarantine.h"
#include "importer/returned_rows.h"
#include "importer/space.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"

namespace courier {
namespace {

std::string subject_of(const Offer& offer) { return "parcel " + offer.id.str(); }

bool lacks_something(const std::vector<IncomingItem>& items) {
  return std::any_of(items.begin(), items.end(), [](const IncomingItem& item) {
    return item.verdict == VerdictKind::damaged || item.verdict == VerdictKind::incomplete ||
           item.verdict == VerdictKind::refused;
  });
}

std::string list_of(const RecordRanges& ranges) {
  std::string text;
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < ranges.ranges().size() && i < kShown; ++i) {
    const RecordRange& range = ranges.ranges()[i];
    if (!text.empty()) text += ", ";
    if (range.end == UINT64_MAX) {
      text += fmt::format("{} and all after it", range.first);
    } else if (range.end == range.first + 1) {
      text += fmt::format("{}", range.first);
    } else {
      text += fmt::format("{}-{}", range.first, range.end - 1);
    }
  }
  if (ranges.ranges().size() > kShown) {
    text += fmt::format(" and {} more ranges", ranges.ranges().size() - kShown);
  }
  return text;
}

// Without a count what follows the last one is missing, too.
RecordRanges missing_of(const IncomingParcel& parcel) {
  return to_records(parcel.received).missing(parcel.record_count.value_or(UINT64_MAX));
}

// "record 1 is", "records 2 and all after it are".
std::string named_records(const RecordRanges& ranges) {
  return (ranges.size() == 1 ? "record " : "records ") + list_of(ranges) +
         (ranges.size() == 1 ? " is" : " are");
}

// Damage and forgery are two causes and are told apart.
std::string what_is_missing(const ReceivedParcelReport& report) {
  const std::string which = named_records(report.missing_records);
  if (report.forged_records == 0) return which + " damaged or missing";
  const std::string& sender = report.offer.label.sender.code.str();
  if (report.forged_records >= report.missing_records.size()) {
    return which + " not as " + sender + " signed " +
           (report.missing_records.size() == 1 ? "it" : "them") + ", and never opened";
  }
  return fmt::format("{} damaged, missing or forged; {} not as {} signed it", which,
                     counted(report.forged_records, "record is", "records are"), sender);
}

// "2 records, 72 bytes between records, its end": what is not as written, in a parcel that is in.
std::string needless_damage(const ReceivedParcelReport& report) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (report.damaged_records > 0) add(counted(report.damaged_records, "record", "records"));
  if (report.damaged_bytes > 0) {
    add(counted(report.damaged_bytes, "byte", "bytes") + " between records");
  }
  if (report.is_end_damaged) add("its end");
  return text;
}

}  // namespace

ReceivedParcelReport Receiver::take(OpenOffer& open) {
  switch (open.offer.standing) {
    case Standing::unknown_signer:
      return quarantine(open);
    case Standing::known: {
      // Damaged here once: another copy of it can make it whole. Refused here once: a refusal is
      // not remembered, a right may have been granted since.
      if (lacks_something(IncomingBook{parts_.ledger}.items(open.offer.label_digest))) {
        return take_genuine(open);
      }
      ReceivedParcelReport report;
      report.offer = open.offer;
      // Stored, and a share failed: whoever brings the medium again asks for another try.
      const auto parcel = IncomingBook{parts_.ledger}.find(open.offer.label_digest);
      if (parcel && ItemRunner{parts_, progress_}.waits_for_shares(*parcel)) {
        run_items(*parcel, true, report);
        return report;
      }
      report.state = IncomingState::processed;
      report.already_received = true;
      show_items(open.offer.label_digest, report);
      return report;
    }
    case Standing::genuine:
      return take_genuine(open);
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

ReceivedParcelReport Receiver::quarantine(OpenOffer& open) {
  ReceivedParcelReport report;
  report.offer = open.offer;
  report.state = IncomingState::quarantined;
  report.error = open.offer.error;
  try {
    keep_in_quarantine(parts_, open);
    const Label& label = open.offer.label;
    report.error = Error{ErrorCode::no_key, subject_of(open.offer),
                         fmt::format("is signed by a key of {} that is not known here",
                                     label.sender.code.str())}
                       .with_loss("nothing was lost: it is kept in quarantine, unopened")
                       .with_hint(fmt::format(
                           "join the identity of {} with `site join`; then `job run` goes on "
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
  parts_.journal.write(Component::despooler, Severity::info,
                       fmt::format("{}: label and packing list verified, {} items",
                                   subject_of(open.offer), row.item_count),
                       {{"parcel", row.id.str()}, {"signer", row.signer}});
  return *incoming.find(row.label);
}

ReceivedParcelReport Receiver::take_genuine(OpenOffer& open) {
  ReceivedParcelReport report;
  report.offer = open.offer;
  open.source->stop_recording();
  try {
    const OpenedParcel opened = open_parcel(*open.head, parts_.keys);
    const IncomingParcel parcel = begin(open, opened);
    const bool again = parcel.state == IncomingState::processed;
    if (!take_records(open, opened, parcel, report)) return report;
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

bool Receiver::take_records(OpenOffer& open, const OpenedParcel& opened,
                            const IncomingParcel& parcel, ReceivedParcelReport& report) {
  IncomingBook incoming{parts_.ledger};
  // Another copy of what was damaged: its state stands, whatever this copy is like.
  const bool again =
      parcel.state == IncomingState::accepted || parcel.state == IncomingState::processed;
  ItemRunner runner{parts_, progress_};
  if (!runner.wants_content(parcel)) {
    if (!again) incoming.accept(parcel.label, "nothing of its content is wanted");
    return true;
  }
  if (parcel.state == IncomingState::accepted) {
    report.missing_records = missing_of(parcel);
    if (report.missing_records.empty()) return true;
  }

  const RecordRanges before = to_records(parcel.received);
  const std::uint64_t count = parcel.record_count.value_or(0);
  const double open_part = count == 0 ? 1.0
                                      : 1.0 - static_cast<double>(std::min(before.size(), count)) /
                                                  static_cast<double>(count);
  try {
    require_space(
        parts_, static_cast<std::uint64_t>(static_cast<double>(open.offer.file_bytes) * open_part),
        subject_of(open.offer));
  } catch (const Error& error) {
    if (!again) incoming.incomplete(parcel.label, error.what());
    report.state = IncomingState::incomplete;
    report.error = error;
    report.exit_status = error.exit_status();
    show_items(parcel.label, report);
    return false;
  }

  const DespoolResult result = despool(
      *open.reader, *open.head, opened.opener, parts_.store, before,
      [&](const RecordRanges& records, const std::vector<Digest>& packs) {
        std::vector<std::string> names;
        for (const Digest& pack : packs) names.push_back(pack.hex());
        incoming.add_received(parcel.label, to_numbers(records), names);
      },
      open.offer.file_bytes, progress_);
  report.records = result.taken_records;
  report.new_bytes = result.taken_bytes;
  std::optional<std::uint64_t> total = parcel.record_count;
  if (result.tail.record_count) total = result.tail.record_count;
  if (total && !again && !parcel.record_count) incoming.set_record_count(parcel.label, *total);
  report.missing_records = result.received.missing(total.value_or(UINT64_MAX));
  parts_.journal.write(
      Component::despooler, Severity::info,
      fmt::format("{}: {} records authenticated and taken in, {} damaged, {} not genuine",
                  subject_of(open.offer), result.taken_records, result.damaged_records,
                  result.forged_records),
      {{"parcel", parcel.id.str()}});
  if (result.killed) {
    parts_.journal.write(Component::despooler, Severity::error, result.killed->what(),
                         {{"parcel", parcel.id.str()}});
  }

  report.damaged_records = result.damaged_records + result.forged_records;
  report.damaged_bytes = result.tail.damaged_bytes;
  report.forged_records = result.forged_records;
  report.killed = result.killed;
  report.is_end_damaged = result.tail.end > EndState::genuine;
  report.is_end_forged = result.tail.end == EndState::forged;
  const bool whole = total && report.missing_records.empty();
  const bool ended = !result.stopped && result.tail.end != EndState::not_seen;
  if (whole || ended || again) {
    if (!again) {
      incoming.accept(parcel.label, whole ? "every record is authentic and stored"
                                          : "records damaged: " + list_of(report.missing_records));
    }
    return true;
  }
  const std::string what =
      result.stopped ? std::string(result.stopped->what())
                     : "ends early: " + named_records(report.missing_records) + " missing";
  incoming.incomplete(parcel.label, what);
  report.state = IncomingState::incomplete;
  const ErrorCode code = result.stopped && result.stopped->code() == ErrorCode::no_space
                             ? ErrorCode::no_space
                             : ErrorCode::incomplete;
  report.error =
      Error{code, subject_of(open.offer), what}
          .with_loss(fmt::format("nothing was lost: {} stored",
                                 counted(result.received.size(), "record is", "records are")))
          .with_hint(code == ErrorCode::no_space
                         ? "make room in the home and run the same command"
                     : report.killed
                         ? std::string(report.killed->hint())
                         : "insert the medium, or another copy of it, and run the same command");
  report.exit_status = report.error->exit_status();
  show_items(parcel.label, report);
  return false;
}

void Receiver::run_items(const IncomingParcel& parcel, bool again, ReceivedParcelReport& report) {
  IncomingBook incoming{parts_.ledger};
  std::vector<int> statuses;
  bool all_done = true;
  for (const RunItem& item : ItemRunner{parts_, progress_}.run(parcel, report.missing_records)) {
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
  } else if (!report.missing_records.empty() && report.exit_status != 0) {
    report.error =
        Error{ErrorCode::damaged, subject_of(report.offer), what_is_missing(report)}
            .with_loss(
                "nothing was lost here: the items that are whole are in, the shares serve "
                "what they served")
            .with_hint(
                "the return asks for what is missing; another copy of the parcel will do, "
                "too");
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
    Item named;
    named.kind_code = row.kind;
    item.kind = kind_word(named);
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
    if (ItemRunner{parts_, progress_}.wants_content(parcel)) {
      report.missing_records = missing_of(parcel);
    }
    run_items(parcel, false, report);
  } catch (const Error& error) {
    note_failure(error, report);
  }
  return report;
}

}  // namespace courier
