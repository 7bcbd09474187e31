#include "ledger/job_book.h"

#include "ledger/arrows.h"
#include "ledger/package_book.h"
#include "ledger/parcel_book.h"
#include "ledger/site_book.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

std::string subject(std::uint64_t job) { return "job " + std::to_string(job); }

// The jobs of a query's end ("WHERE ... ORDER BY ..."), each row read whole at once.
template <typename... Args>
std::vector<JobRow> read_all(Ledger::Impl& db, const std::string& rest, const Args&... args) {
  using O = std::optional<L>;
  std::vector<JobRow> out;
  sql::for_each<L, L, S, L, S, S, L, S, L, L, S, S, S, L, L, L, S, L, L, L, O, O, O, O, O, S>(
      db,
      "SELECT number, kind, package, version, site, dps, priority, step, state, pending, reason,"
      " sender, parcel, total_bytes, remaining_bytes, whole, note, superseded_by, attempts,"
      " created, started, finished, retry_at, error_since, as_of, as_of_return FROM job " +
          rest,
      [&](const auto& row) {
        JobRow& r = out.emplace_back();
        r.number = static_cast<std::uint64_t>(std::get<0>(row));
        r.kind = static_cast<JobKind>(std::get<1>(row));
        r.package = sql::package_of(std::get<2>(row));
        r.version = static_cast<std::uint32_t>(std::get<3>(row));
        r.site = sql::site_of(std::get<4>(row));
        r.dps = sql::list_of(std::get<5>(row));
        r.priority = static_cast<Priority>(std::get<6>(row));
        r.step = parse_job_step(std::get<7>(row)).value();
        r.state = static_cast<PackageState>(std::get<8>(row));
        r.pending = static_cast<PendingReason>(std::get<9>(row));
        r.reason = std::get<10>(row);
        r.sender = std::get<11>(row);
        r.parcel = std::get<12>(row);
        r.total_bytes = static_cast<std::uint64_t>(std::get<13>(row));
        r.remaining_bytes = static_cast<std::uint64_t>(std::get<14>(row));
        r.whole = std::get<15>(row) != 0;
        r.note = std::get<16>(row);
        r.superseded_by = static_cast<std::uint64_t>(std::get<17>(row));
        r.attempts = static_cast<std::uint32_t>(std::get<18>(row));
        r.created = sql::time_of(std::get<19>(row));
        r.started = sql::time_of(std::get<20>(row));
        r.finished = sql::time_of(std::get<21>(row));
        r.retry_at = sql::time_of(std::get<22>(row));
        r.error_since = sql::time_of(std::get<23>(row));
        r.as_of = sql::time_of(std::get<24>(row));
        r.as_of_return = std::get<25>(row);
      },
      args...);
  return out;
}

JobRow read_one(Ledger::Impl& db, std::uint64_t number) {
  auto found = read_all(db, "WHERE number = :n", number);
  if (found.empty()) throw Error(ErrorCode::not_found, subject(number), "there is none");
  return std::move(found.front());
}

// Moves a job by an arrow, with its history row, within the caller's transaction. The states of
// 10.4 that go with a step are set by the caller.
JobRow move(Ledger::Impl& db, std::uint64_t number, std::string_view event, JobStep to,
            const std::string& reason, const std::string& evidence, const std::string& who = {}) {
  const JobRow job = read_one(db, number);
  const std::string from(word(job.step)), target(word(to));
  require_arrow("job", event, from, target, subject(number), from);
  record(db, "job", std::to_string(number), event, from, target, evidence, who);
  sql::run(db, "UPDATE job SET step = :s, reason = :r WHERE number = :n", target, reason, number);
  if (is_ended(to))
    sql::run(db, "UPDATE job SET finished = :t WHERE number = :n", db.clock.now(), number);
  return job;
}

void set_pending(Ledger::Impl& db, const JobRow& job, PendingReason pending) {
  const PackageState state =
      job.kind == JobKind::remove ? PackageState::removal_pending : PackageState::install_pending;
  sql::run(db, "UPDATE job SET state = :s, pending = :p WHERE number = :n", state, pending,
           job.number);
}

}  // namespace

std::uint64_t JobBook::accept(const NewJob& job, const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  SiteBook(ledger_).get(job.site);
  PackageBook(ledger_).get_version(job.package, job.version);
  const auto older = read_all(db,
                              "WHERE site = :s AND package = :p AND step IN ('accepted', 'routed',"
                              " 'suspended', 'in parcel', 'sent', 'error', 'local')",
                              job.site, job.package);
  const PackageState state =
      job.kind == JobKind::remove ? PackageState::removal_pending : PackageState::install_pending;
  sql::run(db,
           "INSERT INTO job(kind, package, version, site, dps, priority, step, state, pending,"
           " total_bytes, remaining_bytes, whole, note, created)"
           " VALUES(:a, :b, :c, :d, :e, :f, 'accepted', :g, 1, :h, :i, :j, :k, :l)",
           job.kind, job.package, job.version, job.site, sql::text_of(job.dps), job.priority, state,
           job.total_bytes, job.total_bytes, job.whole, job.note, db.clock.now());
  const auto number = static_cast<std::uint64_t>(sql::number(db, "SELECT last_insert_rowid()"));
  record(db, "job", std::to_string(number), "J1", "", "accepted", evidence);
  for (const auto& old : older) {
    // A job for the whole site replaces jobs for single DPs of it, not the other way round.
    if (job.dps.empty() || job.dps == old.dps) supersede(old.number, number);
  }
  transaction.commit();
  return number;
}

std::uint64_t JobBook::accept_local(const NewJob& job, const std::string& evidence) {
  Transaction transaction(ledger_);
  const std::uint64_t number = accept(job, evidence);
  go_local(number);
  transaction.commit();
  return number;
}

void JobBook::route(std::uint64_t job, const std::string& sender) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move(db, job, "J2", JobStep::routed, "", "via " + sender);
  sql::run(db, "UPDATE job SET sender = :s WHERE number = :n", sender, job);
  transaction.commit();
}

void JobBook::go_local(std::uint64_t job) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row = move(db, job, "J2", JobStep::local, "", "the target is here");
  set_pending(db, row, PendingReason::queued);
  sql::run(db, "UPDATE job SET started = :t WHERE number = :n", db.clock.now(), job);
  transaction.commit();
}

void JobBook::note_reason(std::uint64_t job, PendingReason pending, const std::string& reason) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row = read_one(db, job);
  if (is_ended(row.step))
    throw Error(ErrorCode::not_allowed, subject(job),
                "it has ended: " + std::string(word(row.step)));
  sql::run(db, "UPDATE job SET pending = :p, reason = :r WHERE number = :n", pending, reason, job);
  transaction.commit();
}

void JobBook::unroute(std::uint64_t job, const std::string& reason) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move(db, job, "J4", JobStep::accepted, reason, reason);
  sql::run(db, "UPDATE job SET sender = '' WHERE number = :n", job);
  transaction.commit();
}

void JobBook::take(std::uint64_t job, const std::string& parcel) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  sql::run(db, "UPDATE job SET parcel = :p WHERE number = :n", parcel, job);
  const JobRow row = move(db, job, "J5", JobStep::in_parcel, "", "parcel " + parcel);
  set_pending(db, row, PendingReason::created);
  if (!row.started)
    sql::run(db, "UPDATE job SET started = :t WHERE number = :n", db.clock.now(), job);
  transaction.commit();
}

void JobBook::suspend(std::uint64_t job, const std::string& reason) {
  Transaction transaction(ledger_);
  move(ledger_.impl(), job, "J6", JobStep::suspended, reason, reason);
  transaction.commit();
}

void JobBook::sent(std::uint64_t job, const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row = move(db, job, "J7", JobStep::sent, "", evidence);
  set_pending(db, row, PendingReason::sent);
  transaction.commit();
}

void JobBook::confirm(std::uint64_t job, PackageState state, Time as_of,
                      const std::string& return_id, const std::string& reason) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row = move(db, job, "J8", JobStep::confirmed, reason, "return " + return_id);
  sql::run(db,
           "UPDATE job SET state = :s, pending = :p, remaining_bytes = 0, as_of = :a,"
           " as_of_return = :r WHERE number = :n",
           state,
           state == PackageState::install_pending ? PendingReason::queued : PendingReason::none,
           as_of, return_id, job);
  // What it repaired is whole again: the job before it, and whatever that one had repaired. Also
  // what a repair was to mend that this job took the place of: its content came with this one.
  for (const auto& [repaired] :
       sql::rows<L>(db,
                    "WITH RECURSIVE replaced(n) AS (SELECT number FROM job WHERE superseded_by = :n"
                    " UNION SELECT number FROM job JOIN replaced ON superseded_by = n)"
                    " SELECT number FROM job WHERE step = 'confirmed' AND (repaired_by = :m"
                    " OR (:k <> 2 AND pending = :p AND repaired_by IN (SELECT n FROM replaced)))",
                    job, job, row.kind, PendingReason::waiting_for_content)) {
    const auto number = static_cast<std::uint64_t>(repaired);
    restate_repaired(number, state, "repaired by job " + std::to_string(job), as_of, return_id);
  }
  transaction.commit();
}

void JobBook::restate_repaired(std::uint64_t job, PackageState state, const std::string& reason,
                               Time as_of, const std::string& return_id) {
  restate(job, state, PendingReason::none, reason, as_of, return_id);
  for (const auto& [repaired] :
       sql::rows<L>(ledger_.impl(),
                    "SELECT number FROM job WHERE repaired_by = :n AND step = 'confirmed'", job))
    restate_repaired(static_cast<std::uint64_t>(repaired), state, reason, as_of, return_id);
}

void JobBook::send_again(std::uint64_t job, const std::string& what, bool whole,
                         const std::string& return_id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row =
      move(db, job, "J9", JobStep::accepted, "send again: " + what, "return " + return_id);
  set_pending(db, row, PendingReason::not_created);
  if (whole) sql::run(db, "UPDATE job SET whole = 1 WHERE number = :n", job);
  transaction.commit();
}

void JobBook::refuse(std::uint64_t job, const std::string& reason, Time as_of,
                     const std::string& return_id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row = move(db, job, "J9", JobStep::failed, reason, "return " + return_id);
  sql::run(
      db,
      "UPDATE job SET state = :s, pending = 0, as_of = :a, as_of_return = :r"
      " WHERE number = :n",
      row.kind == JobKind::remove ? PackageState::removal_failed : PackageState::install_failed,
      as_of, return_id, job);
  transaction.commit();
}

void JobBook::restate(std::uint64_t job, PackageState state, PendingReason pending,
                      const std::string& reason, Time as_of, const std::string& return_id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row = read_one(db, job);
  if (row.step != JobStep::confirmed && row.step != JobStep::cancelled &&
      row.step != JobStep::superseded && row.step != JobStep::failed)
    throw Error(ErrorCode::not_allowed, subject(job),
                "it is " + std::string(word(row.step)) + ": its step moves with its state");
  const std::string step(word(row.step));
  if (row.state != state)
    record(db, "job", std::to_string(job), row.step == JobStep::confirmed ? "J9a" : "J9b", step,
           step, "return " + return_id + ": " + std::string(word(state)));
  // Why a job ended otherwise stays said, unless there is something newer to say.
  const bool keeps = row.step != JobStep::confirmed && reason.empty();
  sql::run(db,
           "UPDATE job SET state = :s, pending = :p, reason = :r, as_of = :a, as_of_return = :i"
           " WHERE number = :n",
           state, pending, keeps ? row.reason : reason, as_of, return_id, job);
  transaction.commit();
}

void JobBook::untake(std::uint64_t job, const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row = move(db, job, "J10", JobStep::routed, "", evidence);
  set_pending(db, row, PendingReason::not_created);
  transaction.commit();
}

void JobBook::fail_writing(std::uint64_t job, const std::string& reason, Time retry_at) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move(db, job, "J11", JobStep::error, reason, reason);
  sql::run(db,
           "UPDATE job SET retry_at = :t, attempts = attempts + 1,"
           " error_since = coalesce(error_since, :u) WHERE number = :n",
           retry_at, db.clock.now(), job);
  transaction.commit();
}

void JobBook::retry(std::uint64_t job) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move(db, job, "J12", JobStep::routed, "", "retry time");
  sql::run(db, "UPDATE job SET retry_at = NULL WHERE number = :n", job);
  transaction.commit();
}

void JobBook::give_up(std::uint64_t job, const std::string& reason) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row = move(db, job, "J12", JobStep::failed, reason, "job.retry-days are over");
  sql::run(
      db, "UPDATE job SET state = :s, pending = 0, retry_at = NULL WHERE number = :n",
      row.kind == JobKind::remove ? PackageState::removal_failed : PackageState::install_failed,
      job);
  transaction.commit();
}

void JobBook::lost(std::uint64_t job, const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow row = move(db, job, "J13", JobStep::accepted, evidence, evidence);
  set_pending(db, row, PendingReason::not_created);
  transaction.commit();
}

void JobBook::cancel(std::uint64_t job, const std::string& who) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const JobRow before = read_one(db, job);
  if (before.step == JobStep::sent)
    throw Error(ErrorCode::not_allowed, subject(job),
                "its parcel " + before.parcel + " is Sent and cannot be cancelled")
        .with_hint("courier retract " + before.package.str() + " --from " + before.site.str());
  if (is_ended(before.step))
    throw Error(ErrorCode::not_allowed, subject(job),
                "it has ended: " + std::string(word(before.step)));
  move(db, job, "J14", JobStep::cancelled, "cancelled by " + who, "operator", who);
  sql::run(
      db, "UPDATE job SET state = :s, pending = 0 WHERE number = :n",
      before.kind == JobKind::remove ? PackageState::removal_failed : PackageState::install_failed,
      job);
  transaction.commit();
}

void JobBook::supersede(std::uint64_t job, std::uint64_t by) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const std::string text = "superseded by job " + std::to_string(by);
  move(db, job, "J15", JobStep::superseded, text, text);
  sql::run(db, "UPDATE job SET superseded_by = :b WHERE number = :n", by, job);
  transaction.commit();
}

void JobBook::invalidate(std::uint64_t job, const std::string& reason) {
  Transaction transaction(ledger_);
  move(ledger_.impl(), job, "J16", JobStep::invalid, reason, reason);
  transaction.commit();
}

void JobBook::finish_local(std::uint64_t job, PackageState state, const std::string& reason) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move(db, job, "J17", JobStep::confirmed, reason, "its transfer jobs have ended");
  sql::run(db,
           "UPDATE job SET state = :s, pending = 0, remaining_bytes = 0, as_of = :t"
           " WHERE number = :n",
           state, db.clock.now(), job);
  transaction.commit();
}

void JobBook::set_remaining(std::uint64_t job, std::uint64_t bytes) {
  sql::run(ledger_.impl(), "UPDATE job SET remaining_bytes = :b WHERE number = :n", bytes, job);
}

void JobBook::set_local_state(std::uint64_t job, PackageState state, const std::string& reason) {
  sql::run(
      ledger_.impl(),
      "UPDATE job SET state = :s, reason = :r, as_of = :t WHERE number = :n AND step = 'local'",
      state, reason, ledger_.clock().now(), job);
}

void JobBook::note_repair(std::uint64_t job, std::uint64_t repair) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const std::string step(word(read_one(db, job).step));
  record(db, "job", std::to_string(job), "J9a", step, step, "repair job " + std::to_string(repair));
  sql::run(db, "UPDATE job SET repaired_by = :r WHERE number = :n", repair, job);
  transaction.commit();
}

std::optional<JobRow> JobBook::find(std::uint64_t job) {
  if (job > INT64_MAX) return std::nullopt;
  auto found = read_all(ledger_.impl(), "WHERE number = :n", job);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

JobRow JobBook::get(std::uint64_t job) {
  if (auto row = find(job)) return *row;
  throw Error(ErrorCode::not_found, subject(job), "there is none").with_hint("courier job list");
}

std::vector<JobRow> JobBook::list() { return read_all(ledger_.impl(), "ORDER BY number"); }

std::vector<JobRow> JobBook::of(const SiteCode& site) {
  return read_all(ledger_.impl(), "WHERE site = :s ORDER BY number", site);
}

std::vector<JobRow> JobBook::at(JobStep step) {
  return read_all(ledger_.impl(), "WHERE step = :s ORDER BY number", word(step));
}

std::vector<JobRow> JobBook::pending(const SiteCode& site) {
  return read_all(ledger_.impl(),
                  "WHERE site = :s AND step IN ('accepted', 'routed', 'suspended', 'error')"
                  " ORDER BY priority, number",
                  site);
}

std::optional<JobRow> JobBook::current(const SiteCode& site, const PackageId& package,
                                       const std::vector<std::string>& dps) {
  auto found = read_all(ledger_.impl(),
                        "WHERE site = :s AND package = :p AND (dps = :d OR dps = '')"
                        " AND step NOT IN ('cancelled', 'superseded', 'invalid')"
                        " ORDER BY number DESC LIMIT 1",
                        site, package, sql::text_of(dps));
  if (found.empty()) return std::nullopt;
  return found.front();
}

}  // namespace courier
