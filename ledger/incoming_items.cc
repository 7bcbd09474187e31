// Items of incoming parcels (R12) and the order in which a sender's jobs were executed.
#include "ledger/arrows.h"
#include "ledger/due.h"
#include "ledger/incoming_book.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

std::vector<IncomingItem> read_items(Ledger::Impl& db, const std::string& where,
                                     const std::vector<sql::Parameter>& parameters) {
  const sql::Moment moment(db);
  std::vector<std::pair<S, L>> keys;
  sql::fetch<S, L>(
      db,
      "SELECT i.label, i.position FROM incoming_item i JOIN incoming p ON p.label = i.label "
      "WHERE " +
          where + " ORDER BY p.order_no, i.position",
      parameters,
      [&](const std::tuple<S, L>& k) { keys.emplace_back(std::get<0>(k), std::get<1>(k)); },
      std::index_sequence_for<S, L>{});
  std::vector<IncomingItem> out;
  for (const auto& [label, position] : keys) {
    IncomingItem i;
    i.label = sql::digest_of_hex(label);
    i.index = static_cast<std::uint32_t>(position);
    const auto a = sql::row<L, L, S, L, S, L, L, S, S, L, S, S>(
        db,
        "SELECT kind, job, package, version, root, bytes, files, package_name, share_name, "
        "no_files,"
        " dps, encoded FROM incoming_item WHERE label = :l AND position = :p",
        label, position);
    i.kind = static_cast<std::uint8_t>(std::get<0>(*a));
    i.job = static_cast<std::uint64_t>(std::get<1>(*a));
    i.package = sql::package_of(std::get<2>(*a));
    i.version = static_cast<std::uint32_t>(std::get<3>(*a));
    i.root = sql::digest_of_hex(std::get<4>(*a));
    i.bytes = static_cast<std::uint64_t>(std::get<5>(*a));
    i.files = static_cast<std::uint64_t>(std::get<6>(*a));
    i.package_name = std::get<7>(*a);
    i.share_name = std::get<8>(*a);
    i.no_files = std::get<9>(*a) != 0;
    i.dps = sql::list_of(std::get<10>(*a));
    i.encoded = from_hex(std::get<11>(*a));
    const auto b = sql::row<L, std::optional<L>, S, S, S, std::optional<L>, std::optional<L>, L, L>(
        db,
        "SELECT state, verdict, reason, missing_records, missing_objects, retry_at, finished,"
        " local_job, first_return FROM incoming_item WHERE label = :l AND position = :p",
        label, position);
    i.state = static_cast<ItemState>(std::get<0>(*b));
    if (std::get<1>(*b)) i.verdict = static_cast<VerdictKind>(*std::get<1>(*b));
    i.reason = std::get<2>(*b);
    i.missing_records = sql::ranges_of(std::get<3>(*b));
    i.missing_objects = sql::digests_of(std::get<4>(*b));
    i.retry_at = sql::time_of(std::get<5>(*b));
    i.finished = sql::time_of(std::get<6>(*b));
    i.local_job = static_cast<std::uint64_t>(std::get<7>(*b));
    i.first_return = static_cast<std::uint64_t>(std::get<8>(*b));
    out.push_back(std::move(i));
  }
  return out;
}

// Moves an item between waiting, executing and done (R12).
void move_item(Ledger::Impl& db, const Digest& label, std::uint32_t index, ItemState from,
               ItemState to, const std::string& evidence) {
  const auto r = sql::row<L>(
      db, "SELECT state FROM incoming_item WHERE label = :l AND position = :p", label, index);
  const std::string subject = "item " + std::to_string(index) + " of parcel " + label.brief();
  if (!r) throw Error(ErrorCode::not_found, subject, "there is none");
  const auto now = static_cast<ItemState>(std::get<0>(*r));
  if (now != from)
    throw Error(ErrorCode::not_allowed, subject,
                "it is " + std::string(word(now)) + ", not " + std::string(word(from)));
  record(db, "incoming", label.hex(), "R12", std::to_string(index) + " " + std::string(word(from)),
         std::to_string(index) + " " + std::string(word(to)), evidence);
}

}  // namespace

void IncomingBook::set_items(const Digest& label, const std::vector<IncomingItem>& items) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  for (const auto& i : items)
    sql::run(db,
             "INSERT INTO incoming_item VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m,"
             " :n, 0, NULL, '', '', '', NULL, NULL, 0, 0) ON CONFLICT DO NOTHING",
             label, i.index, i.kind, i.job, i.package, i.version, i.root, i.bytes, i.files,
             i.package_name, i.share_name, i.no_files, sql::text_of(i.dps), to_hex(i.encoded));
  sql::run(db, "UPDATE incoming SET item_count = :n WHERE label = :l", items.size(), label);
  transaction.commit();
}

void IncomingBook::start_item(const Digest& label, std::uint32_t index) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move_item(db, label, index, ItemState::waiting, ItemState::executing, "the parcel is accepted");
  sql::run(db, "UPDATE incoming_item SET state = 1 WHERE label = :l AND position = :p", label,
           index);
  transaction.commit();
}

void IncomingBook::retry_item(const Digest& label, std::uint32_t index, const std::string& reason,
                              Time retry_at) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move_item(db, label, index, ItemState::executing, ItemState::waiting, reason);
  sql::run(db,
           "UPDATE incoming_item SET state = 0, reason = :r, retry_at = :t"
           " WHERE label = :l AND position = :p",
           reason, retry_at, label, index);
  transaction.commit();
}

void IncomingBook::finish_item(const Digest& label, std::uint32_t index, VerdictKind verdict,
                               const std::string& reason,
                               const std::vector<NumberRange>& missing_records,
                               const std::vector<Digest>& missing_objects) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const L state = sql::number(
      db, "SELECT state FROM incoming_item WHERE label = :l AND position = :p", label, index);
  // An item that is superseded, refused or damaged never executes: waiting -> done.
  move_item(
      db, label, index,
      state == static_cast<L>(ItemState::executing) ? ItemState::executing : ItemState::waiting,
      ItemState::done, std::string(word(verdict)) + (reason.empty() ? "" : ": " + reason));
  sql::run(db,
           "UPDATE incoming_item SET state = 2, verdict = :v, reason = :r, missing_records = :m,"
           " missing_objects = :o, retry_at = NULL, finished = :t, first_return = 0"
           " WHERE label = :l AND position = :p",
           verdict, reason, sql::text_of(missing_records), sql::text_of(missing_objects),
           db.clock.now(), label, index);
  transaction.commit();
}

void IncomingBook::restate_item(const Digest& label, std::uint32_t index, VerdictKind verdict,
                                const std::string& reason,
                                const std::vector<NumberRange>& missing_records,
                                const std::vector<Digest>& missing_objects) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move_item(db, label, index, ItemState::done, ItemState::done,
            std::string(word(verdict)) + (reason.empty() ? "" : ": " + reason));
  sql::run(db,
           "UPDATE incoming_item SET verdict = :v, reason = :r, missing_records = :m,"
           " missing_objects = :o, finished = :t, first_return = 0"
           " WHERE label = :l AND position = :p",
           verdict, reason, sql::text_of(missing_records), sql::text_of(missing_objects),
           db.clock.now(), label, index);
  transaction.commit();
}

void IncomingBook::set_local_job(const Digest& label, std::uint32_t index, std::uint64_t job) {
  sql::run(ledger_.impl(),
           "UPDATE incoming_item SET local_job = :j WHERE label = :l AND position = :p", job, label,
           index);
}

void IncomingBook::requeue_executing() {
  sql::run(ledger_.impl(), "UPDATE incoming_item SET state = 0, retry_at = NULL WHERE state = 1");
}

std::vector<IncomingItem> IncomingBook::items(const Digest& label) {
  return read_items(ledger_.impl(), "i.label = :l", {sql::to_parameter(label)});
}

std::vector<IncomingItem> IncomingBook::items_due(Time now) {
  return read_items(ledger_.impl(),
                    "p.state = 'Accepted' AND i.state = 0"
                    " AND (i.retry_at IS NULL OR i.retry_at <= :t OR i.retry_at > :f)",
                    {sql::to_parameter(now), sql::to_parameter(farthest_retry(now))});
}

std::vector<IncomingItem> IncomingBook::items_to_be_served() {
  return read_items(ledger_.impl(), "i.state = 2 AND i.verdict = :v AND i.local_job <> 0",
                    {sql::to_parameter(VerdictKind::stored)});
}

std::optional<ExecutedJob> IncomingBook::last_executed(const SiteCode& sender,
                                                       const PackageId& package) {
  const auto r = sql::row<S, L>(
      ledger_.impl(), "SELECT incarnation, job FROM executed WHERE sender = :s AND package = :p",
      sender, package);
  if (!r) return std::nullopt;
  return ExecutedJob{sql::incarnation_of(std::get<0>(*r)),
                     static_cast<std::uint64_t>(std::get<1>(*r))};
}

std::optional<ParcelId> IncomingBook::executed_with_later(const IncomingParcel& parcel,
                                                          const PackageId& package,
                                                          std::uint64_t job) {
  const auto r =
      sql::row<S>(ledger_.impl(),
                  "SELECT p.id FROM incoming p JOIN incoming_item i ON i.label = p.label"
                  " WHERE p.sender = :s AND p.number > :n AND p.incarnation = :c AND i.package = :p"
                  " AND i.job = :j AND i.verdict IN (:a, :b, :d) ORDER BY p.number LIMIT 1",
                  parcel.id.from, parcel.id.number, sql::text_of(parcel.sender_incarnation),
                  package, job, VerdictKind::stored, VerdictKind::installed, VerdictKind::removed);
  if (!r) return std::nullopt;
  return ParcelId::parse(std::get<0>(*r));
}

void IncomingBook::set_executed(const SiteCode& sender, const PackageId& package,
                                const ExecutedJob& executed) {
  sql::run(ledger_.impl(),
           "INSERT INTO executed VALUES(:s, :p, :i, :j) ON CONFLICT DO UPDATE SET"
           " incarnation = excluded.incarnation, job = excluded.job",
           sender, package, sql::text_of(executed.incarnation), executed.job);
}

}  // namespace courier
