#include "sender/returned_verdicts.h"

#include <algorithm>

#include "base/error.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/site_book.h"
#include "parcel/receipt.h"

namespace courier {
namespace {

bool is_on_the_road(JobStep step) { return step == JobStep::in_parcel || step == JobStep::sent; }
bool is_negative(VerdictKind verdict) {
  return verdict == VerdictKind::refused || verdict == VerdictKind::damaged ||
         verdict == VerdictKind::incomplete || verdict == VerdictKind::quarantined;
}

PendingReason pending_of(PackageState state) {
  return state == PackageState::install_pending ? PendingReason::queued : PendingReason::none;
}

// "records 12-17, 20", "record 2", "5 objects".
std::string missing_text(const std::vector<NumberRange>& records,
                         const std::vector<Digest>& objects) {
  if (records.empty()) {
    if (objects.empty()) return "the whole";
    return std::to_string(objects.size()) + (objects.size() == 1 ? " object" : " objects");
  }
  constexpr std::size_t kMaxShown = 8;
  const bool is_one = records.size() == 1 && records[0].first == records[0].last;
  std::string text = is_one ? "record " : "records ";
  for (std::size_t i = 0; i < records.size() && i < kMaxShown; ++i) {
    const NumberRange& range = records[i];
    if (i > 0) text += ", ";
    text += std::to_string(range.first);
    // Without a count of records all after the last one that came is missing.
    if (range.last >= UINT64_MAX - 1)
      text += " and after";
    else if (range.last != range.first)
      text += "-" + std::to_string(range.last);
  }
  if (records.size() > kMaxShown) text += " and more";
  return text;
}

}  // namespace

ReturnedVerdicts::ReturnedVerdicts(SenderParts& context, const ReceivedReturn& r,
                                   AppliedReturn& out)
    : context_(context), r_(r), out_(out), site_(r.id.from), return_id_(r.id.str()) {}

void ReturnedVerdicts::apply_verdicts() {
  ParcelBook parcels(context_.ledger);
  for (const ReturnParcel& told : r_.parcels) {
    const auto row = parcels.find(told.id);
    if (!row || row->label != told.label || told.id.to != site_) {
      out_.unknown_parcels.push_back(told.id);
      continue;
    }
    told_[row->key].parcel = &told;
    apply_parcel(told, *row);
  }
}

void ReturnedVerdicts::apply_parcel(const ReturnParcel& told, const ParcelRow& row) {
  ParcelBook parcels(context_.ledger);
  const auto addressee = std::find_if(row.addressees.begin(), row.addressees.end(),
                                      [&](const ParcelAddressee& a) { return a.id == told.id; });
  const auto position = static_cast<std::size_t>(addressee - row.addressees.begin());
  for (const ParcelItemRow& item : parcels.items(told.id)) {
    const auto said = std::find_if(told.items.begin(), told.items.end(),
                                   [&](const ReturnVerdict& v) { return v.index == item.index; });
    ReturnVerdict verdict;
    if (said != told.items.end()) {
      verdict = *said;
      if (verdict.package != item.package || verdict.version != item.version) {
        context_.journal.write(Component::courier_sender, Severity::warning,
                               "return " + return_id_ + " speaks of another item " +
                                   std::to_string(item.index) + " than parcel " + told.id.str() +
                                   " has: passed over",
                               {{"parcel", told.id.str()}});
        continue;
      }
    }
    // A parcel that was not opened speaks for all its items; of one that is not all there, what has
    // no verdict lacks what is missing.
    if (!verdict.verdict) {
      verdict.reason = told.reason;
      if (told.state == IncomingState::refused) verdict.verdict = VerdictKind::refused;
      if (told.state == IncomingState::quarantined) verdict.verdict = VerdictKind::quarantined;
      if (told.state == IncomingState::incomplete && item.kind != ItemKind::announcement)
        verdict.verdict = VerdictKind::incomplete;
    }
    if (!verdict.verdict) continue;
    told_[row.key].verdicts[item.index] = *verdict.verdict;
    parcels.set_verdict(
        told.id, {item.index, site_, verdict.verdict, verdict.reason, return_id_, r_.written});
    const std::uint64_t job = position < item.jobs.size() ? item.jobs[position] : 0;
    // An announcement names a job that went with a later parcel, or is still to go.
    if (job != 0 && item.kind != ItemKind::announcement) apply_to_job(verdict, told, item, job);
  }
}

void ReturnedVerdicts::apply_to_job(const ReturnVerdict& verdict, const ReturnParcel& told,
                                    const ParcelItemRow& item, std::uint64_t number) {
  JobBook jobs(context_.ledger);
  const JobRow job = jobs.get(number);
  if (job.step == JobStep::invalid || job.step == JobStep::confirmed) return;
  if (job.site != site_ || job.package != item.package) return;
  const VerdictKind kind = *verdict.verdict;
  if (is_in(kind)) {
    const TellsState after = state_after(job, verdict);
    if (is_on_the_road(job.step) || is_waiting(job.step)) {
      jobs.confirm(number, after.state, r_.written, return_id_, after.reason);
      out_.jobs_confirmed.push_back(number);
    } else {
      jobs.restate(number, after.state, pending_of(after.state), after.reason, r_.written,
                   return_id_);
    }
    return;
  }
  // What went wrong with a parcel matters to the job only while that parcel is its latest.
  if (job.parcel != told.id.str() || !is_on_the_road(job.step)) return;
  switch (kind) {
    case VerdictKind::damaged:
    case VerdictKind::incomplete:
      take_up_again(job, verdict, told);
      break;
    case VerdictKind::refused:
      jobs.refuse(number, verdict.reason.empty() ? "refused" : verdict.reason, r_.written,
                  return_id_);
      out_.jobs_failed.push_back(number);
      break;
    case VerdictKind::quarantined:
      if (job.step == JobStep::in_parcel)
        jobs.sent(number, "return " + return_id_ + " speaks of it");
      jobs.note_reason(number, PendingReason::waiting_for_key,
                       verdict.reason.empty() ? "waiting for the key there" : verdict.reason);
      note_pending(job, PendingReason::waiting_for_key, verdict.reason);
      break;
    default:
      break;  // announced, on an item that is none: nothing came of it yet
  }
}

// J9: what is missing goes again; when nothing can be named, as when a base is gone, the whole.
void ReturnedVerdicts::take_up_again(const JobRow& job, const ReturnVerdict& verdict,
                                     const ReturnParcel& told) {
  const auto& records =
      verdict.missing_records.empty() ? told.missing_records : verdict.missing_records;
  const bool whole = records.empty() && verdict.missing_objects.empty();
  std::string what = missing_text(records, verdict.missing_objects);
  if (!verdict.reason.empty()) what += " (" + verdict.reason + ")";
  JobBook(context_.ledger).send_again(job.number, what, whole, return_id_);
  note_pending(job, PendingReason::not_created, "send again: " + what);
  out_.jobs_again.push_back(job.number);
}

void ReturnedVerdicts::note_pending(const JobRow& job, PendingReason reason,
                                    const std::string& text) {
  PackageDpBook states(context_.ledger);
  for (const PackageDpRow& row : states.of_package(job.package)) {
    if (row.key.site != site_ || row.job != job.number) continue;
    if (row.state != PackageState::install_pending && row.state != PackageState::content_updating)
      continue;
    states.pending(row.key, reason, text, "return " + return_id_);
  }
}

// The worst of the DPs that the job is for, as the return has them; nothing when it names none.
std::optional<ReturnedVerdicts::TellsState> ReturnedVerdicts::dp_state(const JobRow& job) const {
  std::optional<TellsState> out;
  for (const ReturnDpState& row : r_.dp_states) {
    if (row.dp.empty() || row.package != job.package) continue;
    if (!job.dps.empty() && std::find(job.dps.begin(), job.dps.end(), row.dp) == job.dps.end())
      continue;
    if (job.kind == JobKind::remove ? !is_removal(row.state) : row.version != job.version) continue;
    if (!out || worse(out->state, row.state) != out->state)
      out = TellsState{row.state, row.reason.empty() ? "" : row.dp + ": " + row.reason};
  }
  // What is stored there and not on a distribution point that the job names is not installed.
  for (const std::string& dp : job.dps) {
    const auto is_about_it = [&](const ReturnDpState& row) {
      return row.dp == dp && row.package == job.package;
    };
    const bool told = std::any_of(r_.dp_states.begin(), r_.dp_states.end(), is_about_it);
    if (told || job.kind == JobKind::remove) continue;
    if (!out || worse(out->state, PackageState::install_pending) != out->state) {
      out = TellsState{PackageState::install_pending,
                       dp + ": stored there, and not on a distribution point of that name"};
    }
  }
  return out;
}

ReturnedVerdicts::TellsState ReturnedVerdicts::state_after(const JobRow& job,
                                                           const ReturnVerdict& verdict) const {
  if (*verdict.verdict == VerdictKind::superseded)
    return {PackageState::installed,
            verdict.reason.empty() ? "superseded" : "superseded: " + verdict.reason};
  if (const auto told = dp_state(job)) return *told;
  // No DP there concerns it: it is in the store, or gone.
  return {PackageState::installed, verdict.reason};
}

// Whether the site holds what the job brought, or a later version that took its place.
bool ReturnedVerdicts::holds(const JobRow& job) const {
  return std::any_of(r_.holdings.begin(), r_.holdings.end(), [&](const Holding& held) {
    return held.package == job.package &&
           (held.version == job.version ? held.complete() : held.version > job.version);
  });
}

void ReturnedVerdicts::restate_jobs() {
  JobBook jobs(context_.ledger);
  PackageBook packages(context_.ledger);
  for (const JobRow& job : jobs.of(site_)) {
    if (job.step != JobStep::confirmed) continue;
    const auto current = jobs.current(site_, job.package, job.dps);
    if (!current || current->number != job.number) continue;
    const bool superseded_there = job.reason.rfind("superseded", 0) == 0;
    const auto version = packages.version(job.package, job.version);
    const bool has_files = version && !version->root.is_zero();
    if (job.kind != JobKind::remove && has_files && !superseded_there && !holds(job)) {
      repair(job);
      continue;
    }
    if (superseded_there) continue;
    const auto told = dp_state(job);
    const TellsState now = told ? *told : TellsState{PackageState::installed, ""};
    jobs.restate(job.number, now.state, pending_of(now.state), now.reason, r_.written, return_id_);
  }
}

// J9a. The new job becomes the current one, so the next return makes no second.
void ReturnedVerdicts::repair(const JobRow& job) {
  JobBook jobs(context_.ledger);
  NewJob again;
  again.package = job.package;
  again.version = job.version;
  again.site = site_;
  again.dps = job.dps;
  again.priority = job.priority;
  again.total_bytes = job.total_bytes;
  again.note = "repair of job " + std::to_string(job.number);
  const std::uint64_t number =
      jobs.accept(again, "return " + return_id_ + ": damaged or no longer held");
  jobs.note_repair(job.number, number);
  jobs.restate(job.number, PackageState::install_pending, PendingReason::waiting_for_content,
               "damaged or no longer held: repair job " + std::to_string(number), r_.written,
               return_id_);
  out_.repair_jobs.push_back(number);
}

// [An item supplied by a later parcel counts.]
bool ReturnedVerdicts::is_accounted_for(const ParcelItemRow& item, std::uint64_t number,
                                        const std::optional<VerdictKind>& verdict) {
  if (item.kind == ItemKind::announcement) return true;
  if (verdict && is_in(*verdict)) return true;
  if (number == 0) return false;
  JobBook jobs(context_.ledger);
  const JobRow job = jobs.get(number);
  if (job.step == JobStep::confirmed) return true;
  for (const JobRow& later : jobs.of(site_)) {
    if (later.number > number && later.package == job.package && later.step == JobStep::confirmed &&
        (later.dps.empty() || later.dps == job.dps))
      return true;
  }
  return false;
}

void ReturnedVerdicts::conclude_parcels() {
  ParcelBook parcels(context_.ledger);
  for (const ParcelRow& row : parcels.list()) {
    const ParcelAddressee* addressee = row.addressee(site_);
    if (row.is_return || !addressee) continue;
    const auto told = told_.find(row.key);
    const bool by_receipt = addressee->state == ParcelState::confirmed && addressee->receipt;
    if (by_receipt) {
      // Nothing new, unless an earlier return spoke against the receipt.
      if (told == told_.end() && !addressee->partly_confirmed) continue;
    } else if (addressee->state != ParcelState::created && addressee->state != ParcelState::sent) {
      continue;
    }
    const auto position = static_cast<std::size_t>(addressee - row.addressees.data());
    std::map<std::uint32_t, VerdictKind> verdicts;
    // Of a lost parcel earlier returns may have spoken that an earlier incarnation of the site
    // wrote: only this one counts. What a receipt said never does.
    if (!addressee->lost) {
      for (const ItemVerdict& known : parcels.verdicts(addressee->id))
        if (known.site == site_ && known.verdict && !known.return_id.empty())
          verdicts[known.index] = *known.verdict;
    }
    if (told != told_.end())
      for (const auto& [index, verdict] : told->second.verdicts) verdicts[index] = verdict;

    bool all = true, any_job = false, any_negative = false;
    for (const ParcelItemRow& item : parcels.items(addressee->id)) {
      const std::uint64_t job = position < item.jobs.size() ? item.jobs[position] : 0;
      any_job = any_job || (job != 0 && item.kind != ItemKind::announcement);
      const auto found = verdicts.find(item.index);
      const auto verdict = found == verdicts.end() ? std::nullopt : std::optional(found->second);
      if (is_accounted_for(item, job, verdict)) continue;
      all = false;
      any_negative = any_negative || (verdict && is_negative(*verdict));
    }
    const bool arrived = told != told_.end() &&
                         told->second.parcel->state != IncomingState::refused &&
                         told->second.parcel->state != IncomingState::quarantined;
    const bool is_confirmed = all && (arrived || any_job);
    const bool is_contradicted = !is_confirmed && any_negative && told != told_.end();
    if (by_receipt) {
      if (is_confirmed) parcels.replace_receipt(addressee->id, return_id_);
      if (is_contradicted && !addressee->partly_confirmed) {
        parcels.contradict_receipt(addressee->id, return_id_);
        out_.partly_confirmed.push_back(addressee->id);
      }
    } else if (is_confirmed) {
      parcels.confirm(addressee->id, site_, return_id_);
      out_.confirmed.push_back(addressee->id);
    } else if (is_contradicted && (!addressee->partly_confirmed || addressee->receipt)) {
      parcels.partly_confirm(addressee->id, site_, return_id_);
      out_.partly_confirmed.push_back(addressee->id);
    }
  }
}

}  // namespace courier
