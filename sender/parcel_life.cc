#include "sender/parcel_life.h"

#include <algorithm>

#include "base/durable.h"
#include "base/error.h"
#include "ledger/package_dp_book.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "ledger/transfer_book.h"
#include "sender/outbox.h"
#include "sender/record_map.h"

namespace courier {
namespace {

bool remove_if_there(FileSystem& fs, const Fd& dir, const std::string& name) {
  if (!fs.stat_at(dir, name)) return false;
  fs.unlink_at(dir, name);
  return true;
}

void tell_cancelled(Ledger& ledger, const JobRow& job) {
  StatusLog(ledger).tell("C4", Severity::warning, job.package,
                         {job.package.str(), job.site.str(), ledger.who()});
}

// X9, X10: all transfer jobs of a local job, or none. Errors: not_allowed when it is too late for
// one of them.
void cancel_transfers(Ledger& ledger, const JobRow& job) {
  TransferBook transfers(ledger);
  std::vector<std::string> too_late;
  for (const TransferRow& transfer : transfers.of_job(job.number))
    if (!is_ended(transfer.state) && !transfers.cancel(job.number, transfer.dp, ledger.who()))
      too_late.push_back(transfer.dp);
  if (too_late.empty()) return;
  throw Error(ErrorCode::not_allowed, "job " + std::to_string(job.number),
              "the copy to " + too_late.front() +
                  " is verified already, or on this site's own "
                  "distribution point: it is too late to cancel")
      .with_hint("courier job cancel N/DP for the others, or courier retract " + job.package.str() +
                 " when it is done");
}

}  // namespace

std::string ParcelLife::path_of(const ParcelRow& parcel) const {
  return outbox_of(context_.home) + "/" + parcel.file;
}

void ParcelLife::remove_files(const ParcelRow& parcel) {
  const Fd outbox = make_dirs(context_.fs, outbox_of(context_.home));
  const bool file = remove_if_there(context_.fs, outbox, parcel.file);
  const bool map = remove_if_there(context_.fs, outbox, record_map_name(parcel.label));
  if (file || map) context_.fs.sync(outbox);
}

void ParcelLife::mark_sent(const ParcelId& id, const SiteCode& site) {
  ParcelBook parcels(context_.ledger);
  Transaction transaction(context_.ledger);
  const ParcelRow parcel = parcels.get(id);
  std::vector<SiteCode> sites;
  if (site.empty()) {
    for (const ParcelAddressee& a : parcel.addressees)
      if (a.state == ParcelState::created) sites.push_back(a.id.to);
  }
  if (sites.empty()) sites.push_back(site);
  for (const SiteCode& one : sites) parcels.mark_sent(id, one);
  if (!parcel.expected && !parcel.is_return) {
    const Time expected =
        context_.clock.now() + Settings(context_.ledger).days("parcel.expect-return");
    parcels.set_carriage(id, {}, {}, {}, expected);
  }
  transaction.commit();
  context_.journal.write(Component::courier_sender, Severity::info,
                         "parcel " + id.str() + " marked sent", {{"parcel", id.str()}});
}

void ParcelLife::declare_lost(const ParcelId& id, const SiteCode& site) {
  ParcelBook parcels(context_.ledger);
  Transaction transaction(context_.ledger);
  std::vector<SiteCode> sites;
  if (site.empty()) {
    for (const ParcelAddressee& a : parcels.get(id).addressees)
      if (a.state == ParcelState::sent && !a.lost) sites.push_back(a.id.to);
  }
  if (sites.empty()) sites.push_back(site);
  for (const SiteCode& one : sites) parcels.mark_lost(id, one);
  transaction.commit();
  context_.journal.write(Component::courier_sender, Severity::warning,
                         "parcel " + id.str() + " declared lost; its jobs go with the next one",
                         {{"parcel", id.str()}});
}

// The rows first: a crash after them leaves a file that remove_payloads() takes away, never a
// parcel without its file.
void ParcelLife::discard(const ParcelId& id) {
  ParcelBook parcels(context_.ledger);
  const ParcelRow parcel = parcels.get(id);
  parcels.discard(id);
  remove_files(parcel);
  context_.journal.write(Component::courier_sender, Severity::info,
                         "parcel " + id.str() + " discarded; its jobs are pending again",
                         {{"parcel", id.str()}});
}

CancelOutcome ParcelLife::cancel(std::uint64_t number) {
  JobBook jobs(context_.ledger);
  ParcelBook parcels(context_.ledger);
  CancelOutcome out;
  out.job = number;
  std::optional<ParcelRow> discarded;
  Transaction transaction(context_.ledger);
  const JobRow job = jobs.get(number);
  if (job.step == JobStep::in_parcel) {
    discarded = parcels.get(ParcelId::parse(job.parcel));
    for (const ParcelAddressee& a : discarded->addressees) {
      if (a.state == ParcelState::discarded) continue;
      if (a.state != ParcelState::created)
        throw Error(ErrorCode::not_allowed, "job " + std::to_string(number),
                    "its parcel " + job.parcel + " is " + std::string(word(a.state)) + " to " +
                        a.id.to.str() + " already and cannot be taken back")
            .with_hint("courier retract " + job.package.str() + " --from " + job.site.str());
      for (const JobRow& other : jobs.of(a.id.to))
        if (other.number != number && other.step == JobStep::in_parcel &&
            other.parcel == a.id.str())
          out.pending_again.push_back(other.number);
    }
  }
  if (job.step == JobStep::local) cancel_transfers(context_.ledger, job);
  jobs.cancel(number, context_.ledger.who());
  PackageDpBook states(context_.ledger);
  for (const PackageDpRow& row : states.of_package(job.package))
    if (row.key.site == job.site && row.job == number && is_under_way(row.state))
      states.cancel(row.key, context_.ledger.who());
  if (discarded) parcels.discard(discarded->addressees.front().id);
  tell_cancelled(context_.ledger, job);
  transaction.commit();
  if (discarded) {
    out.discarded_parcel = job.parcel;
    remove_files(*discarded);
  }
  std::sort(out.pending_again.begin(), out.pending_again.end());
  context_.journal.write(Component::scheduler, Severity::warning,
                         "job " + std::to_string(number) + " cancelled by " + context_.ledger.who(),
                         {{"job", std::to_string(number)}, {"parcel", out.discarded_parcel}});
  return out;
}

// Here the files go first: the row may say for a moment that a payload is there that is gone, and
// the next run says it again; a file that no row knows would stay for ever.
std::vector<ParcelId> ParcelLife::remove_payloads() {
  ParcelBook parcels(context_.ledger);
  std::vector<ParcelId> out;
  const Time before = context_.clock.now() - Settings(context_.ledger).days("parcel.grace");
  for (const ParcelRow& parcel : parcels.removable(before)) {
    const ParcelId id = parcel.addressees.front().id;
    remove_files(parcel);
    parcels.payload_removed(id);
    context_.journal.write(Component::courier_sender, Severity::info,
                           "parcel " + id.str() + ": its payload was removed, parcel.grace is over",
                           {{"parcel", id.str()}});
    out.push_back(id);
  }
  // What a crash between `discard` and the removal of its files left.
  for (const ParcelRow& parcel : parcels.list())
    if (parcel.state() == ParcelState::discarded) remove_files(parcel);
  return out;
}

std::vector<ParcelRow> ParcelLife::report_overdue() {
  ParcelBook parcels(context_.ledger);
  std::vector<ParcelRow> out;
  for (const ParcelRow& parcel : parcels.overdue(context_.clock.now())) {
    Transaction transaction(context_.ledger);
    const ParcelId id = parcel.addressees.front().id;
    if (!parcels.note_overdue(id)) continue;
    StatusLog(context_.ledger)
        .tell("C8", Severity::warning, {}, {id.str(), iso8601(*parcel.expected)});
    transaction.commit();
    context_.journal.write(Component::courier_sender, Severity::warning,
                           "parcel " + id.str() + " is overdue since " + iso8601(*parcel.expected),
                           {{"parcel", id.str()}});
    out.push_back(parcel);
  }
  return out;
}

}  // namespace courier
