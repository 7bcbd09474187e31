#include "ledger/transfer_book.h"

#include "ledger/arrows.h"
#include "ledger/due.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

std::string name_of(std::uint64_t job, const std::string& dp) {
  return std::to_string(job) + "/" + dp;
}
std::string code(TransferState s) { return std::to_string(static_cast<int>(s)); }

TransferRow read_one(Ledger::Impl& db, std::uint64_t job, const std::string& dp) {
  TransferRow t;
  t.job = job;
  t.dp = dp;
  const auto a = sql::row<L, S, L, L, L, L, S, L, L, std::optional<L>>(
      db,
      "SELECT action, package, version, whole, state, phase, reason, attempts, retries_left,"
      " retry_at FROM transfer WHERE job = :j AND dp = :d",
      job, dp);
  if (!a)
    throw Error(ErrorCode::not_found, "transfer job " + name_of(job, dp), "there is none")
        .with_hint("courier job list");
  t.action = static_cast<TransferAction>(std::get<0>(*a));
  t.package = sql::package_of(std::get<1>(*a));
  t.version = static_cast<std::uint32_t>(std::get<2>(*a));
  t.whole = std::get<3>(*a) != 0;
  t.state = static_cast<TransferState>(std::get<4>(*a));
  t.phase = static_cast<TransferPhase>(std::get<5>(*a));
  t.reason = std::get<6>(*a);
  t.attempts = static_cast<std::uint32_t>(std::get<7>(*a));
  t.retries_left = static_cast<std::uint32_t>(std::get<8>(*a));
  t.retry_at = sql::time_of(std::get<9>(*a));
  const auto b = sql::row<L, L, L, L, L, L, S, L, std::optional<L>, std::optional<L>>(
      db,
      "SELECT files_present, files_linked, files_copied, bytes_copied, bytes_total,"
      " cancel_requested, cancelled_by, created, started, finished FROM transfer"
      " WHERE job = :j AND dp = :d",
      job, dp);
  t.files_present = static_cast<std::uint64_t>(std::get<0>(*b));
  t.files_linked = static_cast<std::uint64_t>(std::get<1>(*b));
  t.files_copied = static_cast<std::uint64_t>(std::get<2>(*b));
  t.bytes_copied = static_cast<std::uint64_t>(std::get<3>(*b));
  t.bytes_total = static_cast<std::uint64_t>(std::get<4>(*b));
  t.cancel_requested = std::get<5>(*b) != 0;
  t.cancelled_by = std::get<6>(*b);
  t.created = sql::time_of(std::get<7>(*b));
  t.started = sql::time_of(std::get<8>(*b));
  t.finished = sql::time_of(std::get<9>(*b));
  return t;
}

template <typename... Args>
std::vector<TransferRow> read_all(Ledger::Impl& db, const std::string& rest, const Args&... args) {
  const sql::Moment moment(db);
  std::vector<TransferRow> out;
  for (const auto& [job, dp] : sql::rows<L, S>(
           db, "SELECT t.job, t.dp FROM transfer t JOIN job j ON j.number = t.job " + rest,
           args...))
    out.push_back(read_one(db, static_cast<std::uint64_t>(job), dp));
  return out;
}

TransferRow move(Ledger::Impl& db, std::uint64_t job, const std::string& dp, std::string_view event,
                 TransferState to, const std::string& reason, const std::string& evidence) {
  const TransferRow t = read_one(db, job, dp);
  require_arrow("transfer", event, code(t.state), code(to), "transfer job " + name_of(job, dp),
                word(t.state));
  record(db, "transfer", name_of(job, dp), event, std::string(word(t.state)), std::string(word(to)),
         evidence);
  sql::run(db,
           "UPDATE transfer SET state = :s, reason = :r, phase = CASE WHEN :p <> 3 THEN 0"
           " ELSE phase END, retry_at = NULL, finished = :t WHERE job = :j AND dp = :d",
           to, reason, to, is_ended(to) ? std::optional(db.clock.now()) : std::nullopt, job, dp);
  return t;
}

}  // namespace

void TransferBook::add(const TransferRow& t) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  if (find(t.job, t.dp))
    throw Error(ErrorCode::not_allowed, "transfer job " + name_of(t.job, t.dp),
                "it exists already");
  sql::run(db,
           "INSERT INTO transfer VALUES(:a, :b, :c, :d, :e, :f, 0, 0, '', 0, :g, NULL, 0, 0, 0, 0,"
           " :h, 0, '', :i, NULL, NULL)",
           t.job, t.dp, t.action, t.package, t.version, t.whole, t.retries_left, t.bytes_total,
           t.created == Time{} ? db.clock.now() : t.created);
  record(db, "transfer", name_of(t.job, t.dp), "X1", "", std::string(word(TransferState::pending)),
         "job " + std::to_string(t.job));
  transaction.commit();
}

void TransferBook::ready(std::uint64_t job, const std::string& dp) {
  Transaction transaction(ledger_);
  move(ledger_.impl(), job, dp, "X2", TransferState::ready, "", "reachable, writable, space");
  transaction.commit();
}

void TransferBook::not_ready(std::uint64_t job, const std::string& dp, const std::string& reason,
                             Time retry_at) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move(db, job, dp, "X3", TransferState::pending_restart, reason, reason);
  sql::run(db,
           "UPDATE transfer SET retry_at = :t, attempts = attempts + 1,"
           " retries_left = max(retries_left - 1, 0) WHERE job = :j AND dp = :d",
           retry_at, job, dp);
  transaction.commit();
}

void TransferBook::start(std::uint64_t job, const std::string& dp) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const TransferRow t = move(db, job, dp, "X4", TransferState::started, "", "slot free");
  sql::run(db, "UPDATE transfer SET started = :t, attempts = :a WHERE job = :j AND dp = :d",
           t.started.value_or(db.clock.now()), t.attempts + 1, job, dp);
  transaction.commit();
}

void TransferBook::progress(std::uint64_t job, const std::string& dp) {
  Transaction transaction(ledger_);
  move(ledger_.impl(), job, dp, "X5", TransferState::in_progress, "", "first file");
  transaction.commit();
}

void TransferBook::set_phase(std::uint64_t job, const std::string& dp, TransferPhase phase) {
  sql::run(ledger_.impl(), "UPDATE transfer SET phase = :p WHERE job = :j AND dp = :d", phase, job,
           dp);
}

void TransferBook::set_counts(std::uint64_t job, const std::string& dp, const TransferCounts& c) {
  sql::run(ledger_.impl(),
           "UPDATE transfer SET files_present = :a, files_linked = :b, files_copied = :c,"
           " bytes_copied = :e WHERE job = :j AND dp = :d",
           c.files_present, c.files_linked, c.files_copied, c.bytes_copied, job, dp);
}

void TransferBook::complete(std::uint64_t job, const std::string& dp, const std::string& evidence) {
  Transaction transaction(ledger_);
  move(ledger_.impl(), job, dp, "X6", TransferState::complete, "", evidence);
  transaction.commit();
}

void TransferBook::interrupt(std::uint64_t job, const std::string& dp, const std::string& reason,
                             Time retry_at, bool uses_retry) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move(db, job, dp, "X7", TransferState::pending_restart, reason, reason);
  sql::run(db,
           "UPDATE transfer SET retry_at = :t, retries_left = max(retries_left - :u, 0)"
           " WHERE job = :j AND dp = :d",
           retry_at, uses_retry, job, dp);
  transaction.commit();
}

void TransferBook::restart(std::uint64_t job, const std::string& dp) {
  Transaction transaction(ledger_);
  move(ledger_.impl(), job, dp, "X8", TransferState::ready, "", "restart time");
  transaction.commit();
}

void TransferBook::fail(std::uint64_t job, const std::string& dp, const std::string& reason) {
  Transaction transaction(ledger_);
  move(ledger_.impl(), job, dp, "X8", TransferState::failed, reason, "no retries left");
  transaction.commit();
}

bool TransferBook::cancel(std::uint64_t job, const std::string& dp, const std::string& who) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const TransferRow t = read_one(db, job, dp);
  const bool own = sql::number(db, "SELECT own FROM dp WHERE name = :d", dp) != 0;
  const bool too_late =
      t.state == TransferState::in_progress &&
      (t.phase == TransferPhase::verifying || t.phase == TransferPhase::publishing);
  if (own || too_late) {
    const std::string state(word(t.state));
    record(db, "transfer", name_of(job, dp), "X10", state, state, "cancel ignored", who);
    transaction.commit();
    return false;
  }
  move(db, job, dp, "X9", TransferState::cancelled, "cancelled by " + who, "operator");
  sql::run(db,
           "UPDATE transfer SET cancel_requested = 1, cancelled_by = :w WHERE job = :j AND dp = :d",
           who, job, dp);
  transaction.commit();
  return true;
}

void TransferBook::suspend(std::uint64_t job, const std::string& dp) {
  Transaction transaction(ledger_);
  move(ledger_.impl(), job, dp, "X11", TransferState::suspended, "maintenance", "maintenance");
  transaction.commit();
}

void TransferBook::resume(std::uint64_t job, const std::string& dp) {
  Transaction transaction(ledger_);
  move(ledger_.impl(), job, dp, "X11", TransferState::pending, "", "maintenance ended");
  transaction.commit();
}

std::size_t TransferBook::recover_running(const std::string& reason) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const auto running = sql::rows<L, S>(db, "SELECT job, dp FROM transfer WHERE state IN (2, 3)");
  for (const auto& [job, dp] : running)
    interrupt(static_cast<std::uint64_t>(job), dp, reason, db.clock.now(), false);
  transaction.commit();
  return running.size();
}

std::optional<TransferRow> TransferBook::find(std::uint64_t job, const std::string& dp) {
  auto& db = ledger_.impl();
  const sql::Moment moment(db);
  if (job > INT64_MAX ||
      sql::number(db, "SELECT count(*) FROM transfer WHERE job = :j AND dp = :d", job, dp) == 0)
    return std::nullopt;
  return read_one(db, job, dp);
}

TransferRow TransferBook::get(std::uint64_t job, const std::string& dp) {
  const sql::Moment moment(ledger_.impl());
  return read_one(ledger_.impl(), job, dp);
}

std::vector<TransferRow> TransferBook::list() {
  return read_all(ledger_.impl(), "ORDER BY t.job, t.dp");
}

std::vector<TransferRow> TransferBook::of_job(std::uint64_t job) {
  return read_all(ledger_.impl(), "WHERE t.job = :j ORDER BY t.dp", job);
}

std::vector<TransferRow> TransferBook::due(Time now) {
  return read_all(ledger_.impl(),
                  "WHERE t.state IN (0, 1) OR (t.state = 4 AND (t.retry_at IS NULL"
                  " OR t.retry_at <= :t OR t.retry_at > :f)) ORDER BY j.priority, t.job, t.dp",
                  now, farthest_retry(now));
}

std::vector<TransferRow> TransferBook::open_on(const std::string& dp, const PackageId& package) {
  return read_all(ledger_.impl(),
                  "WHERE t.dp = :d AND t.package = :p AND t.state NOT IN (5, 6, 7)"
                  " ORDER BY t.job",
                  dp, package);
}

void TransferBook::supersede(std::uint64_t job, const std::string& dp, std::uint64_t by) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const std::string text = "superseded by job " + std::to_string(by);
  move(db, job, dp, "X9", TransferState::cancelled, text, text);
  transaction.commit();
}

}  // namespace courier
