#include "ledger/parcel_book.h"

#include <algorithm>

#include "ledger/arrows.h"
#include "ledger/job_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/site_book.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

constexpr std::string_view kReceipt = "receipt ";  // in the place of a return's ID

std::string evidence_of(ReceiptForm form) { return S(kReceipt) + S(word(form)); }

std::optional<ReceiptForm> receipt_in(std::string_view evidence) {
  for (const ReceiptForm form : {ReceiptForm::words, ReceiptForm::code})
    if (evidence == evidence_of(form)) return form;
  return std::nullopt;
}

Error no_parcel(const std::string& id) {
  return Error(ErrorCode::not_found, "parcel " + id, "this site never made it")
      .with_hint("courier parcel list");
}

std::optional<L> key_of(Ledger::Impl& db, const ParcelId& id) {
  const auto r = sql::row<L>(db, "SELECT parcel FROM addressee WHERE id = :i", id);
  if (!r) return std::nullopt;
  return std::get<0>(*r);
}

L need_key(Ledger::Impl& db, const ParcelId& id) {
  if (auto key = key_of(db, id)) return *key;
  throw no_parcel(id.str());
}

std::vector<ParcelAddressee> read_addressees(Ledger::Impl& db, L key) {
  std::vector<ParcelAddressee> out;
  for (auto& [id, state, partly, lost, return_id, seen, sent, confirmed] :
       sql::rows<S, S, L, L, S, L, std::optional<L>, std::optional<L>>(
           db,
           "SELECT id, state, partly, lost, return_id, last_return_seen, sent, confirmed"
           " FROM addressee WHERE parcel = :k ORDER BY position",
           key)) {
    ParcelAddressee a;
    a.id = ParcelId::parse(id);
    a.state = parse_parcel_state(state).value();
    a.partly_confirmed = partly != 0;
    a.lost = lost != 0;
    a.receipt = receipt_in(return_id);
    if (!a.receipt) a.return_id = return_id;
    a.last_return_seen = static_cast<std::uint64_t>(seen);
    a.sent = sql::time_of(sent);
    a.confirmed = sql::time_of(confirmed);
    out.push_back(std::move(a));
  }
  return out;
}

ParcelRow read_one(Ledger::Impl& db, L key) {
  ParcelRow r;
  r.key = static_cast<std::uint64_t>(key);
  const auto row = sql::row<S, L, S, S, S, S, S, L, L, L>(
      db,
      "SELECT label, is_return, name, comment, carrier, tracking, file, file_bytes, content_bytes,"
      " records FROM parcel WHERE key = :k",
      key);
  if (!row) bug("an addressee without its parcel");
  r.label = sql::digest_of_hex(std::get<0>(*row));
  r.is_return = std::get<1>(*row) != 0;
  r.name = std::get<2>(*row);
  r.comment = std::get<3>(*row);
  r.carrier = std::get<4>(*row);
  r.tracking = std::get<5>(*row);
  r.file = std::get<6>(*row);
  r.file_bytes = static_cast<std::uint64_t>(std::get<7>(*row));
  r.content_bytes = static_cast<std::uint64_t>(std::get<8>(*row));
  r.records = static_cast<std::uint64_t>(std::get<9>(*row));
  const auto rest = sql::row<L, L, std::optional<L>>(
      db, "SELECT payload_removed, created, expected FROM parcel WHERE key = :k", key);
  r.payload_removed = std::get<0>(*rest) != 0;
  r.created = sql::time_of(std::get<1>(*rest));
  r.expected = sql::time_of(std::get<2>(*rest));
  r.addressees = read_addressees(db, key);
  return r;
}

template <typename... Args>
std::vector<ParcelRow> read_all(Ledger::Impl& db, const std::string& where, const Args&... args) {
  const sql::Moment moment(db);
  std::vector<ParcelRow> out;
  for (const auto& [key] :
       sql::rows<L>(db, "SELECT key FROM parcel " + where + " ORDER BY key DESC", args...))
    out.push_back(read_one(db, key));
  return out;
}

// The addressees a command is about: one site, or all of them.
std::vector<ParcelAddressee> chosen(Ledger::Impl& db, const ParcelId& id, const SiteCode& site) {
  auto all = read_addressees(db, need_key(db, id));
  if (site.empty()) return all;
  std::erase_if(all, [&](const ParcelAddressee& a) { return a.id.to != site; });
  if (all.empty())
    throw Error(ErrorCode::not_found, "parcel " + id.str(), "it is not for " + site.str());
  return all;
}

// Without those for whom the parcel is void since they are a new incarnation; all of them when
// there is no other, so that the arrow says why nothing can be done with it.
std::vector<ParcelAddressee> undiscarded(std::vector<ParcelAddressee> all) {
  const auto is_void = [](const ParcelAddressee& a) { return a.state == ParcelState::discarded; };
  if (!std::all_of(all.begin(), all.end(), is_void)) std::erase_if(all, is_void);
  return all;
}

void move(Ledger::Impl& db, const ParcelAddressee& a, std::string_view event, ParcelState to,
          const std::string& evidence) {
  const std::string from(word(a.state)), target(word(to));
  require_arrow("parcel", event, from, target, "parcel " + a.id.str(), from);
  record(db, "parcel", a.id.str(), event, from, target, evidence);
  if (to == ParcelState::sent && a.state != ParcelState::sent)
    sql::run(db, "UPDATE addressee SET sent = :t WHERE id = :i", db.clock.now(), a.id);
  if (to != a.state && to != ParcelState::confirmed)
    sql::run(db, "UPDATE addressee SET state = :s WHERE id = :i", target, a.id);
}

// The addressee's jobs that this parcel carries and that still stand at `step`.
std::vector<JobRow> jobs_of(Ledger& ledger, const ParcelAddressee& a, JobStep step) {
  std::vector<JobRow> out;
  for (const auto& [number] :
       sql::rows<L>(ledger.impl(),
                    "SELECT number FROM job WHERE parcel = :p AND site = :s AND step = :t"
                    " ORDER BY number",
                    a.id, a.id.to, word(step)))
    out.push_back(JobBook(ledger).get(static_cast<std::uint64_t>(number)));
  return out;
}

// T2: the origin's view of what a job's package waits for.
void note_pending(Ledger& ledger, const JobRow& job, PendingReason reason,
                  const std::string& evidence) {
  PackageDpBook book(ledger);
  for (const PackageDpRow& row : book.of_package(job.package)) {
    // The site's store, too; a job without distribution points is for all of the site.
    const bool is_meant = row.key.dp.empty() || job.dps.empty() ||
                          std::find(job.dps.begin(), job.dps.end(), row.key.dp) != job.dps.end();
    if (row.key.site != job.site || !is_meant || row.version != job.version) continue;
    if (row.state == PackageState::install_pending || row.state == PackageState::content_updating)
      book.pending(row.key, reason, "", evidence);
  }
}

void send_jobs(Ledger& ledger, const ParcelAddressee& a, const std::string& evidence) {
  for (const JobRow& job : jobs_of(ledger, a, JobStep::in_parcel))
    JobBook(ledger).sent(job.number, evidence);
}

}  // namespace

std::string_view word(ReceiptForm form) { return form == ReceiptForm::words ? "words" : "code"; }

ParcelState ParcelRow::state() const {
  ParcelState least = ParcelState::discarded;
  for (const auto& a : addressees) least = std::min(least, a.state);
  return least;
}
bool ParcelRow::lost() const {
  return std::any_of(addressees.begin(), addressees.end(), [](const ParcelAddressee& a) {
    return a.lost && a.state != ParcelState::confirmed;
  });
}
const ParcelAddressee* ParcelRow::addressee(const SiteCode& site) const {
  for (const auto& a : addressees)
    if (a.id.to == site) return &a;
  return nullptr;
}

std::vector<ParcelId> ParcelBook::peek(const std::vector<SiteCode>& addressees) {
  auto& db = ledger_.impl();
  const SiteCode self = SiteBook(ledger_).self().code;
  std::vector<ParcelId> out;
  for (const auto& site : addressees) {
    SiteBook(ledger_).get(site);
    out.push_back({self, site,
                   static_cast<std::uint64_t>(
                       sql::number(db, "SELECT next_parcel FROM site WHERE code = :c", site))});
  }
  return out;
}

std::vector<ParcelId> ParcelBook::reserve(const std::vector<SiteCode>& addressees) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const auto out = peek(addressees);
  for (const auto& id : out) {
    sql::run(db, "UPDATE site SET next_parcel = next_parcel + 1 WHERE code = :c", id.to);
    sql::run(db, "INSERT INTO reserved VALUES(:i, :t)", id, db.clock.now());
  }
  transaction.commit();
  return out;
}

void ParcelBook::create(const ParcelRow& p, const std::vector<ParcelItemRow>& items) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  for (const auto& a : p.addressees)
    if (sql::run(db, "DELETE FROM reserved WHERE id = :i", a.id) == 0)
      bug("parcel " + a.id.str() + " was never reserved");
  sql::run(
      db,
      "INSERT INTO parcel(label, is_return, name, comment, carrier, tracking, file, file_bytes,"
      " content_bytes, records, created, expected)"
      " VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l)",
      p.label, p.is_return, p.name, p.comment, p.carrier, p.tracking, p.file, p.file_bytes,
      p.content_bytes, p.records, p.created, p.expected);
  const L key = sql::number(db, "SELECT last_insert_rowid()");
  for (std::size_t i = 0; i < p.addressees.size(); ++i) {
    const auto& a = p.addressees[i];
    sql::run(db,
             "INSERT INTO addressee(id, parcel, position, site, number, state, last_return_seen)"
             " VALUES(:a, :b, :c, :d, :e, 'Created', :f)",
             a.id, key, i, a.id.to, a.id.number, a.last_return_seen);
    record(db, "parcel", a.id.str(), "P1", "", "Created", p.file);
  }
  JobBook jobs(ledger_);
  for (const auto& item : items) {
    sql::run(db, "INSERT INTO parcel_item VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j)", key,
             item.index, item.kind, item.package, item.version, item.root, item.bytes,
             sql::text_of(item.jobs), sql::text_of(item.dps), item.base);
    for (std::size_t i = 0; i < item.jobs.size(); ++i) {
      // An announcement names the job it announces; the job itself stays behind.
      if (item.jobs[i] == 0 || item.kind == ItemKind::announcement) continue;
      const JobRow job = jobs.get(item.jobs[i]);
      if (is_ended(job.step) || job.step == JobStep::accepted)
        throw Error(ErrorCode::not_allowed, "job " + std::to_string(job.number),
                    "it is " + std::string(word(job.step)) + " since the parcel was begun")
            .with_hint("run the same command again");
      jobs.take(job.number, p.addressees.at(i).id.str());
      note_pending(ledger_, job, PendingReason::created, "parcel " + p.addressees[i].id.str());
    }
  }
  transaction.commit();
}

std::vector<ParcelId> ParcelBook::reserved() {
  std::vector<ParcelId> out;
  for (const auto& [id] :
       sql::rows<S>(ledger_.impl(), "SELECT id FROM reserved ORDER BY time DESC, id DESC"))
    out.push_back(ParcelId::parse(id));
  return out;
}

void ParcelBook::drop_reserved(const ParcelId& id) {
  sql::run(ledger_.impl(), "DELETE FROM reserved WHERE id = :i", id);
}

void ParcelBook::mark_sent(const ParcelId& id, const SiteCode& site) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  for (const auto& a : chosen(db, id, site)) {
    move(db, a, "P3", ParcelState::sent, "operator");
    JobBook jobs(ledger_);
    for (const auto& job : jobs_of(ledger_, a, JobStep::in_parcel)) {
      jobs.sent(job.number, "parcel " + a.id.str() + " marked sent");
      note_pending(ledger_, job, PendingReason::sent, "parcel " + a.id.str());
    }
  }
  transaction.commit();
}

void ParcelBook::mark_lost(const ParcelId& id, const SiteCode& site) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  for (const auto& a : chosen(db, id, site)) {
    if (a.lost)
      throw Error(ErrorCode::not_allowed, "parcel " + a.id.str(), "it is declared lost already");
    move(db, a, "P9", ParcelState::sent, "operator");
    sql::run(db, "UPDATE addressee SET lost = 1 WHERE id = :i", a.id);
    JobBook jobs(ledger_);
    for (const auto& job : jobs_of(ledger_, a, JobStep::sent)) {
      jobs.lost(job.number, "parcel " + a.id.str() + " is lost");
      note_pending(ledger_, job, PendingReason::not_created, "parcel " + a.id.str() + " is lost");
    }
  }
  transaction.commit();
}

void ParcelBook::discard(const ParcelId& id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  for (const auto& a : undiscarded(chosen(db, id, {}))) {
    move(db, a, "P4", ParcelState::discarded, "operator");
    JobBook jobs(ledger_);
    for (const auto& job : jobs_of(ledger_, a, JobStep::in_parcel)) {
      jobs.untake(job.number, "parcel " + a.id.str() + " discarded");
      note_pending(ledger_, job, PendingReason::not_created, "parcel discarded");
    }
  }
  sql::run(db, "UPDATE parcel SET payload_removed = 1 WHERE key = :k", need_key(db, id));
  transaction.commit();
}

void ParcelBook::confirm(const ParcelId& id, const SiteCode& site, const std::string& return_id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  if (return_id.empty())
    throw Error(ErrorCode::not_allowed, "parcel " + id.str(),
                "it is Confirmed by a return, never by hand");
  for (const auto& a : chosen(db, id, site)) {
    std::string evidence = "return " + return_id;
    if (a.state == ParcelState::created) evidence += ", was not marked sent";
    move(db, a, "P5", ParcelState::confirmed, evidence);
    sql::run(db,
             "UPDATE addressee SET state = 'Confirmed', return_id = :r, confirmed = :t, partly = 0"
             " WHERE id = :i",
             return_id, db.clock.now(), a.id);
  }
  transaction.commit();
}

void ParcelBook::partly_confirm(const ParcelId& id, const SiteCode& site,
                                const std::string& return_id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  for (const auto& a : chosen(db, id, site)) {
    move(db, a, "P6", ParcelState::sent, "return " + return_id);
    sql::run(db, "UPDATE addressee SET partly = 1, return_id = :r WHERE id = :i", return_id, a.id);
    send_jobs(ledger_, a, "return " + return_id + " speaks of it");
  }
  transaction.commit();
}

void ParcelBook::confirm_by_receipt(const ParcelId& id, ReceiptForm form) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const ParcelAddressee a = chosen(db, id, id.to).front();
  std::string evidence = "receipt only, by " + S(word(form));
  if (a.state == ParcelState::created) evidence += ", was not marked sent";
  send_jobs(ledger_, a, "receipt of parcel " + id.str());
  move(db, a, "P7", ParcelState::confirmed, evidence);
  sql::run(db,
           "UPDATE addressee SET state = 'Confirmed', return_id = :r, confirmed = :t, partly = 0"
           " WHERE id = :i",
           evidence_of(form), db.clock.now(), id);
  transaction.commit();
}

void ParcelBook::partly_confirm_by_receipt(const ParcelId& id, ReceiptForm form) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const ParcelAddressee a = chosen(db, id, id.to).front();
  send_jobs(ledger_, a, "receipt of parcel " + id.str());
  move(db, a, "P7", ParcelState::sent, "receipt only, by " + S(word(form)));
  // A return that said so before stays the evidence.
  sql::run(db,
           "UPDATE addressee SET partly = 1, return_id = CASE return_id WHEN '' THEN :r ELSE"
           " return_id END WHERE id = :i",
           evidence_of(form), id);
  transaction.commit();
}

void ParcelBook::replace_receipt(const ParcelId& id, const std::string& return_id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const ParcelAddressee a = chosen(db, id, id.to).front();
  move(db, a, "P5", ParcelState::confirmed, "return " + return_id + ", in place of the receipt");
  sql::run(db, "UPDATE addressee SET partly = 0, return_id = :r WHERE id = :i", return_id, id);
  transaction.commit();
}

void ParcelBook::contradict_receipt(const ParcelId& id, const std::string& return_id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const ParcelAddressee a = chosen(db, id, id.to).front();
  move(db, a, "P6", ParcelState::confirmed, "return " + return_id + ", against the receipt");
  sql::run(db, "UPDATE addressee SET partly = 1 WHERE id = :i", id);
  transaction.commit();
}

void ParcelBook::payload_removed(const ParcelId& id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  for (const auto& a : undiscarded(chosen(db, id, {})))
    move(db, a, "P10", ParcelState::confirmed, "parcel.grace is over");
  sql::run(db, "UPDATE parcel SET payload_removed = 1 WHERE key = :k", need_key(db, id));
  transaction.commit();
}

void ParcelBook::add_copy(const ParcelId& id, const ParcelCopy& c) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  for (const auto& a : undiscarded(chosen(db, id, {}))) {
    require_arrow("parcel", "P2", S(word(a.state)), S(word(a.state)), "parcel " + a.id.str(),
                  word(a.state));
    record(db, "parcel", a.id.str(), "P2", S(word(a.state)), S(word(a.state)),
           c.volume_words() + (c.cut.empty() ? "" : " ") + c.target +
               (c.verified ? " verified" : " bad") +
               (c.medium_label.empty() ? "" : " " + c.medium_label));
  }
  sql::run(db,
           "INSERT INTO copy(parcel, target, medium_label, medium_serial, verified, note, time,"
           " medium, cut, number, volumes, first_record, end_record, bytes, spares)"
           " VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, :o)",
           need_key(db, id), c.target, c.medium_label, c.medium_serial, c.verified, c.note,
           c.time == Time{} ? db.clock.now() : c.time, c.medium, c.cut, c.number, c.volumes,
           c.first_record, c.end_record, c.bytes, c.spares);
  transaction.commit();
}

void ParcelBook::set_carriage(const ParcelId& id, std::optional<std::string> comment,
                              std::optional<std::string> carrier,
                              std::optional<std::string> tracking, std::optional<Time> expected) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const L key = need_key(db, id);
  if (comment) sql::run(db, "UPDATE parcel SET comment = :v WHERE key = :k", *comment, key);
  if (carrier) sql::run(db, "UPDATE parcel SET carrier = :v WHERE key = :k", *carrier, key);
  if (tracking) sql::run(db, "UPDATE parcel SET tracking = :v WHERE key = :k", *tracking, key);
  if (expected)
    sql::run(db, "UPDATE parcel SET expected = :v, overdue_reported = 0 WHERE key = :k", *expected,
             key);
  transaction.commit();
}

std::optional<ParcelRow> ParcelBook::find(const ParcelId& id) {
  auto& db = ledger_.impl();
  const sql::Moment moment(db);
  if (auto key = key_of(db, id)) return read_one(db, *key);
  return std::nullopt;
}

long long ParcelBook::key_for(const ParcelId& id) { return need_key(ledger_.impl(), id); }

ParcelRow ParcelBook::get(const ParcelId& id) {
  if (auto row = find(id)) return *row;
  throw no_parcel(id.str());
}

std::optional<ParcelRow> ParcelBook::by_label(const Digest& label) {
  auto& db = ledger_.impl();
  const sql::Moment moment(db);
  if (auto key = sql::row<L>(db, "SELECT key FROM parcel WHERE label = :l", label))
    return read_one(db, std::get<0>(*key));
  return std::nullopt;
}

std::vector<ParcelRow> ParcelBook::list() { return read_all(ledger_.impl(), ""); }

std::vector<HistoryRow> ParcelBook::history(const ParcelId& id) {
  return ledger_.history("parcel", id.str());
}

std::vector<ParcelRow> ParcelBook::overdue(Time now) {
  return read_all(ledger_.impl(),
                  "WHERE expected < :t AND is_return = 0 AND EXISTS (SELECT 1 FROM addressee a"
                  " WHERE a.parcel = key AND a.state = 'Sent' AND a.lost = 0)",
                  now);
}

bool ParcelBook::note_overdue(const ParcelId& id) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const L key = need_key(db, id);
  const bool first =
      sql::run(db, "UPDATE parcel SET overdue_reported = 1 WHERE key = :k AND overdue_reported = 0",
               key) > 0;
  if (first)
    for (const auto& a : chosen(db, id, {}))
      if (a.state == ParcelState::sent)
        move(db, a, "P8", ParcelState::sent, "expected date passed");
  transaction.commit();
  return first;
}

std::vector<ParcelRow> ParcelBook::removable(Time time) {
  return read_all(ledger_.impl(),
                  "WHERE payload_removed = 0 AND NOT EXISTS (SELECT 1 FROM addressee a"
                  " WHERE a.parcel = key AND (a.state NOT IN ('Confirmed', 'discarded')"
                  " OR a.partly = 1 OR a.confirmed >= :t))",
                  time);
}

}  // namespace courier
