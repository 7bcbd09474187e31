#include "ledger/incoming_book.h"

#include <algorithm>
#include <set>

#include "ledger/arrows.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

std::string title(const IncomingParcel& p) { return "incoming parcel " + p.id.str(); }

IncomingParcel read_one(Ledger::Impl& db, const std::string& label) {
  IncomingParcel p;
  const auto a = sql::row<S, S, S, S, S, L, L, L, S, S>(
      db,
      "SELECT id, incarnation, name, comment, signer, is_return, written, arrived, state, reason"
      " FROM incoming WHERE label = :l",
      label);
  if (!a)
    throw Error(ErrorCode::not_found, "incoming parcel " + label.substr(0, 12), "there is none");
  p.label = sql::digest_of_hex(label);
  p.id = ParcelId::parse(std::get<0>(*a));
  p.sender_incarnation = sql::incarnation_of(std::get<1>(*a));
  p.name = std::get<2>(*a);
  p.comment = std::get<3>(*a);
  p.signer = std::get<4>(*a);
  p.is_return = std::get<5>(*a) != 0;
  p.written = sql::time_of(std::get<6>(*a));
  p.arrived = sql::time_of(std::get<7>(*a));
  p.state = parse_incoming_state(std::get<8>(*a)).value();
  p.reason = std::get<9>(*a);
  const auto b = sql::row<std::optional<L>, S, L, L, L, std::optional<L>, std::optional<L>, L, S>(
      db,
      "SELECT record_count, received, item_count, content_bytes, last_return_seen, key_deadline,"
      " finished, first_return, sealed_to FROM incoming WHERE label = :l",
      label);
  if (std::get<0>(*b)) p.record_count = static_cast<std::uint64_t>(*std::get<0>(*b));
  p.received = sql::ranges_of(std::get<1>(*b));
  p.item_count = static_cast<std::uint64_t>(std::get<2>(*b));
  p.content_bytes = static_cast<std::uint64_t>(std::get<3>(*b));
  p.last_return_seen = static_cast<std::uint64_t>(std::get<4>(*b));
  p.key_deadline = sql::time_of(std::get<5>(*b));
  p.finished = sql::time_of(std::get<6>(*b));
  p.reported = std::get<7>(*b) != 0;
  p.sealed_to = sql::digest_of_hex(std::get<8>(*b));
  return p;
}

template <typename... Args>
std::vector<IncomingParcel> read_all(Ledger::Impl& db, const std::string& rest,
                                     const Args&... args) {
  const sql::Moment moment(db);
  std::vector<IncomingParcel> out;
  for (const auto& [label] : sql::rows<S>(db, "SELECT label FROM incoming " + rest, args...))
    out.push_back(read_one(db, label));
  return out;
}

// What the label says; state, received records and what was told stay.
void write_facts(Ledger::Impl& db, const IncomingParcel& p) {
  sql::run(db,
           "UPDATE incoming SET id = :a, sender = :b, number = :c, incarnation = :d, name = :e,"
           " comment = :f, signer = :g, is_return = :h, written = :i, item_count = :j,"
           " content_bytes = :k, last_return_seen = :m, key_deadline = :n,"
           " record_count = coalesce(:o, record_count), reason = :p, sealed_to = :q"
           " WHERE label = :l",
           p.id, p.id.from, p.id.number, sql::text_of(p.sender_incarnation), p.name, p.comment,
           p.signer, p.is_return, p.written, p.item_count, p.content_bytes, p.last_return_seen,
           p.key_deadline, p.record_count, p.reason, p.sealed_to, p.label);
}

void move(Ledger::Impl& db, const IncomingParcel& p, std::string_view event, IncomingState to,
          const std::string& evidence) {
  const std::string from(word(p.state)), target(word(to));
  require_arrow("incoming", event, from, target, title(p), from);
  record(db, "incoming", p.label.hex(), event, from, target, evidence);
  sql::run(db, "UPDATE incoming SET state = :s, first_return = 0 WHERE label = :l", target,
           p.label);
}

// Makes the row in state `to`, or moves the one there is.
void enter(Ledger::Impl& db, const IncomingParcel& p, std::string_view first_event,
           std::string_view again_event, IncomingState to, const std::string& evidence) {
  const auto known = sql::row<S>(db, "SELECT state FROM incoming WHERE label = :l", p.label);
  if (known) {
    IncomingParcel before = read_one(db, p.label.hex());
    move(db, before, again_event, to, evidence);
  } else {
    require_arrow("incoming", first_event, "", std::string(word(to)), title(p), "not known here");
    record(db, "incoming", p.label.hex(), first_event, "", std::string(word(to)), evidence);
    sql::run(
        db,
        "INSERT INTO incoming SELECT :a, '', '', 0, '', '', '', '', 0, 0, :b, :c, '', NULL, '',"
        " 0, 0, 0, NULL, NULL, 0, coalesce(max(order_no), 0) + 1, '' FROM incoming",
        p.label, p.arrived == Time{} ? db.clock.now() : p.arrived, word(to));
  }
  write_facts(db, p);
}

}  // namespace

void IncomingBook::quarantine(const IncomingParcel& p) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  // Offered again while it waits: nothing new.
  if (auto known = find(p.label); known && known->state == IncomingState::quarantined) return;
  enter(db, p, "R5", "R5", IncomingState::quarantined, "no key of " + p.id.from.str());
  transaction.commit();
}

void IncomingBook::begin(const IncomingParcel& p) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const auto known = find(p.label);
  const bool again = known && (known->state == IncomingState::incomplete ||
                               known->state == IncomingState::verifying);
  enter(db, p, "R8", again ? "R9" : "R6", IncomingState::verifying, "label verified");
  transaction.commit();
}

void IncomingBook::add_received(const Digest& label, const std::vector<NumberRange>& records,
                                const std::vector<std::string>& packs) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  auto all = read_one(db, label.hex()).received;
  for (const auto& r : records) add_range(all, r);
  sql::run(db, "UPDATE incoming SET received = :r WHERE label = :l", sql::text_of(all), label);
  for (const auto& pack : packs)
    sql::run(db, "INSERT INTO pin VALUES(:l, :p) ON CONFLICT DO NOTHING", label, pack);
  transaction.commit();
}

void IncomingBook::set_record_count(const Digest& label, std::uint64_t count) {
  sql::run(ledger_.impl(), "UPDATE incoming SET record_count = :c WHERE label = :l", count, label);
}

void IncomingBook::see_volume(const Digest& label, const SeenVolume& v) {
  auto& db = ledger_.impl();
  sql::run(db,
           "INSERT INTO incoming_volume VALUES(:a, :b, :c, :d, :e, :f, :g, :h) ON CONFLICT DO"
           " UPDATE SET volumes = excluded.volumes, seen = excluded.seen,"
           " read_whole = max(read_whole, excluded.read_whole)",
           label, v.cut, v.number, v.volumes, v.first_record, v.end_record, v.read_whole,
           v.seen == Time{} ? db.clock.now() : v.seen);
}

std::vector<SeenVolume> IncomingBook::volumes(const Digest& label) {
  std::vector<SeenVolume> out;
  for (const auto& [cut, number, volumes, first, end, read_whole, seen] :
       sql::rows<S, L, L, L, L, L, L>(
           ledger_.impl(),
           "SELECT v.cut, number, volumes, first_record, end_record, read_whole, seen"
           " FROM incoming_volume v JOIN (SELECT cut, max(seen) AS latest FROM incoming_volume"
           " WHERE label = :l GROUP BY cut) c ON c.cut = v.cut WHERE label = :m"
           " ORDER BY latest DESC, v.cut, number, first_record",
           label, label))
    out.push_back({cut, static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(volumes),
                   static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(end),
                   read_whole != 0, sql::time_of(seen)});
  return out;
}

void IncomingBook::incomplete(const Digest& label, const std::string& reason) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  move(db, read_one(db, label.hex()), "R9", IncomingState::incomplete, reason);
  sql::run(db, "UPDATE incoming SET reason = :r WHERE label = :l", reason, label);
  transaction.commit();
}

void IncomingBook::accept(const Digest& label, const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const IncomingParcel p = read_one(db, label.hex());
  const bool whole = p.record_count && complement(p.received, *p.record_count).empty();
  move(db, p, whole ? "R11" : "R10", IncomingState::accepted, evidence);
  sql::run(db, "UPDATE incoming SET reason = '' WHERE label = :l", label);
  transaction.commit();
}

void IncomingBook::refuse(const IncomingParcel& p) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const auto known = find(p.label);
  const std::string_view event = !known                                       ? "R3"
                                 : known->state == IncomingState::verifying   ? "R10"
                                 : known->state == IncomingState::quarantined ? "R7"
                                                                              : "R3";
  enter(db, p, "R3", event, IncomingState::refused, p.reason);
  sql::run(db, "UPDATE incoming SET finished = :t WHERE label = :l", db.clock.now(), p.label);
  transaction.commit();
}

void IncomingBook::process(const Digest& label, const std::string& evidence) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const IncomingParcel p = read_one(db, label.hex());
  if (const L open = sql::number(
          db, "SELECT count(*) FROM incoming_item WHERE label = :l AND state <> 2", label);
      open > 0 && !p.is_return)
    throw Error(ErrorCode::not_allowed, title(p),
                std::to_string(open) + " of its items have no verdict yet");
  move(db, p, p.is_return ? "R14" : "R13", IncomingState::processed, evidence);
  sql::run(db, "UPDATE incoming SET finished = :t WHERE label = :l", db.clock.now(), label);
  // What came of an item that is not whole is kept until the rest of it came (pinned_packs).
  sql::run(db,
           "DELETE FROM pin WHERE label = :l AND NOT EXISTS (SELECT 1 FROM incoming_item i"
           " WHERE i.label = pin.label AND i.verdict IN (:d, :n))",
           label, VerdictKind::damaged, VerdictKind::incomplete);
  transaction.commit();
}

void IncomingBook::discard(const Digest& label) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const IncomingParcel p = read_one(db, label.hex());
  if (p.state != IncomingState::quarantined && p.state != IncomingState::refused &&
      p.state != IncomingState::incomplete)
    throw Error(ErrorCode::not_allowed, title(p),
                "it is " + std::string(word(p.state)) + " and cannot be discarded");
  record(db, "incoming", label.hex(), "discard", std::string(word(p.state)), "", "operator");
  sql::run(db, "DELETE FROM incoming WHERE label = :l", label);
  transaction.commit();
}

std::optional<IncomingParcel> IncomingBook::find(const Digest& label) {
  auto found = read_all(ledger_.impl(), "WHERE label = :l", label);
  if (found.empty()) return std::nullopt;
  return found.front();
}

std::optional<IncomingParcel> IncomingBook::find(const ParcelId& id) {
  auto found = read_all(ledger_.impl(), "WHERE id = :i ORDER BY order_no DESC LIMIT 1", id);
  if (found.empty()) return std::nullopt;
  return found.front();
}

std::optional<IncomingParcel> IncomingBook::processed(const ParcelId& id,
                                                      const Incarnation& incarnation) {
  auto found =
      read_all(ledger_.impl(), "WHERE id = :i AND incarnation = :c AND state = 'Processed' LIMIT 1",
               id, sql::text_of(incarnation));
  if (found.empty()) return std::nullopt;
  return found.front();
}

std::vector<IncomingParcel> IncomingBook::list() {
  return read_all(ledger_.impl(), "ORDER BY order_no DESC");
}

std::vector<IncomingParcel> IncomingBook::at(IncomingState state) {
  return read_all(ledger_.impl(), "WHERE state = :s ORDER BY order_no", word(state));
}

std::vector<std::string> IncomingBook::pinned_packs() {
  std::vector<std::string> out;
  for (auto& [pack] :
       sql::rows<S>(ledger_.impl(),
                    "SELECT DISTINCT n.pack FROM pin n JOIN incoming p ON p.label = n.label"
                    " WHERE p.state <> 'Processed' OR EXISTS (SELECT 1 FROM incoming_item i"
                    " JOIN version v ON v.package = i.package AND v.version = i.version"
                    " JOIN package k ON k.id = v.package"
                    " WHERE i.label = n.label AND i.verdict IN (:d, :n) AND v.stored = 0"
                    " AND k.removed = 0 AND v.version >= k.stored_version) ORDER BY n.pack",
                    VerdictKind::damaged, VerdictKind::incomplete))
    out.push_back(pack);
  return out;
}

std::vector<Digest> IncomingBook::pending_roots() {
  std::vector<Digest> out;
  for (const auto& [root] :
       sql::rows<S>(ledger_.impl(),
                    "SELECT DISTINCT i.root FROM incoming_item i JOIN incoming p"
                    " ON p.label = i.label WHERE p.state <> 'Processed' AND p.state <> 'Refused'"
                    " AND i.root <> ''"))
    out.push_back(sql::digest_of_hex(root));
  return out;
}

std::vector<IncomingParcel> IncomingBook::unreported(const SiteCode& site,
                                                     std::uint64_t acknowledged) {
  // Told and acknowledged: first told in a return that the sender has seen (or an earlier one).
  return read_all(ledger_.impl(),
                  "WHERE sender = :s AND is_return = 0 AND (first_return = 0 OR first_return > :a"
                  " OR EXISTS (SELECT 1 FROM incoming_item i WHERE i.label = incoming.label"
                  " AND (i.first_return = 0 OR i.first_return > :b))) ORDER BY order_no",
                  site, acknowledged, acknowledged);
}

void IncomingBook::mark_reported(const SiteCode& site, std::uint64_t number) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  sql::run(db,
           "UPDATE incoming_item SET first_return = :n WHERE first_return = 0 AND label IN"
           " (SELECT label FROM incoming WHERE sender = :s AND is_return = 0)",
           number, site);
  sql::run(db,
           "UPDATE incoming SET first_return = :n WHERE first_return = 0 AND sender = :s"
           " AND is_return = 0",
           number, site);
  sql::run(db, "UPDATE misdelivered SET first_return = :n WHERE first_return = 0 AND sender = :s",
           number, site);
  transaction.commit();
}

void IncomingBook::forget_told(const SiteCode& site) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  sql::run(db,
           "UPDATE incoming_item SET first_return = 0 WHERE label IN"
           " (SELECT label FROM incoming WHERE sender = :s)",
           site);
  sql::run(db, "UPDATE incoming SET first_return = 0 WHERE sender = :s", site);
  sql::run(db, "UPDATE misdelivered SET first_return = 0 WHERE sender = :s", site);
  transaction.commit();
}

std::vector<std::uint64_t> IncomingBook::missing_numbers(const SiteCode& sender,
                                                         const Incarnation& incarnation,
                                                         std::size_t limit) {
  std::vector<std::uint64_t> out;
  std::uint64_t next = 0;
  // What is in quarantine states a number that nobody has verified.
  // The first number of an incarnation that came here is where counting begins: a site restored
  // from a backup goes on at a higher number.
  sql::for_each<L>(
      ledger_.impl(),
      "SELECT DISTINCT number FROM incoming WHERE sender = :s AND incarnation = :i"
      " AND state NOT IN ('Refused', 'Quarantined') ORDER BY number",
      [&](const std::tuple<L>& r) {
        const auto number = static_cast<std::uint64_t>(std::get<0>(r));
        if (next == 0 && incarnation.ordinal <= 1) next = 1;
        if (next == 0) next = number;
        for (; next < number && out.size() < limit; ++next) out.push_back(next);
        next = number + 1;
      },
      sender, sql::text_of(incarnation));
  return out;
}

void IncomingBook::note_misdelivered(const ParcelId& id, const Digest& label) {
  auto& db = ledger_.impl();
  sql::run(db,
           "INSERT INTO misdelivered(label, id, sender, time) VALUES(:l, :i, :s, :t)"
           " ON CONFLICT DO NOTHING",
           label, id, id.from, db.clock.now());
}

std::vector<IncomingBook::Misdelivered> IncomingBook::misdelivered(const SiteCode& sender,
                                                                   std::uint64_t acknowledged) {
  std::vector<Misdelivered> out;
  for (const auto& [id, label, time] :
       sql::rows<S, S, L>(ledger_.impl(),
                          "SELECT id, label, time FROM misdelivered WHERE sender = :s AND"
                          " (first_return = 0 OR first_return > :a) ORDER BY time, id",
                          sender, acknowledged))
    out.push_back({ParcelId::parse(id), sql::digest_of_hex(label), sql::time_of(time)});
  return out;
}

}  // namespace courier
