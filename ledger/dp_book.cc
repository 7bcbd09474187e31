#include "ledger/dp_book.h"

#include <algorithm>

#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;

DpRow read_one(Ledger::Impl& db, const std::string& name) {
  DpRow d;
  d.name = name;
  const auto a = sql::row<S, S, L, L, L, L, L, std::optional<L>>(
      db,
      "SELECT types, mark, own, file_streaming, prestage, maintenance, pull, reserve_bytes FROM dp"
      " WHERE name = :n",
      name);
  if (!a)
    throw Error(ErrorCode::not_found, "distribution point " + name, "there is none")
        .with_hint("courier dp list");
  d.types = sql::list_of(std::get<0>(*a));
  d.mark = std::get<1>(*a);
  d.own = std::get<2>(*a) != 0;
  d.file_streaming = std::get<3>(*a) != 0;
  d.prestage = std::get<4>(*a) != 0;
  d.maintenance = std::get<5>(*a) != 0;
  d.pull = std::get<6>(*a) != 0;
  if (std::get<7>(*a)) d.reserve_bytes = static_cast<std::uint64_t>(*std::get<7>(*a));
  const auto b = sql::row<S, S, S, S, S, S, S, S, L, L, L>(
      db,
      "SELECT schedule, rate, pulse, validate, serves, owner, owner_group, file_mode, setid,"
      " atomic_swap, created FROM dp WHERE name = :n",
      name);
  d.schedule = std::get<0>(*b);
  d.rate = std::get<1>(*b);
  d.pulse = std::get<2>(*b);
  d.validate = std::get<3>(*b);
  d.serves = sql::list_of(std::get<4>(*b));
  d.owner = std::get<5>(*b);
  d.group = std::get<6>(*b);
  d.file_mode = std::get<7>(*b);
  d.setid = std::get<8>(*b) != 0;
  d.atomic_swap = std::get<9>(*b) != 0;
  d.created = sql::time_of(std::get<10>(*b));
  for (auto& [path] :
       sql::rows<S>(db, "SELECT path FROM dp_path WHERE dp = :n ORDER BY position", name))
    d.paths.push_back(path);
  for (auto& [source, order] : sql::rows<S, L>(
           db, "SELECT source, ordering FROM dp_source WHERE dp = :n ORDER BY ordering, source",
           name))
    d.sources.emplace_back(source, static_cast<std::uint32_t>(order));
  return d;
}

void write_lists(Ledger::Impl& db, const DpRow& d) {
  sql::run(db, "DELETE FROM dp_path WHERE dp = :n", d.name);
  sql::run(db, "DELETE FROM dp_source WHERE dp = :n", d.name);
  for (std::size_t i = 0; i < d.paths.size(); ++i)
    sql::run(db, "INSERT INTO dp_path VALUES(:a, :b, :c)", d.name, i, d.paths[i]);
  for (const auto& [source, order] : d.sources)
    sql::run(db, "INSERT INTO dp_source VALUES(:a, :b, :c)", d.name, source, order);
}

void check_free(Ledger::Impl& db, const std::string& name) {
  if (sql::number(db, "SELECT count(*) FROM dp WHERE name = :n", name) > 0)
    throw Error(ErrorCode::not_allowed, "name " + name, "it is a distribution point already")
        .with_hint("choose another name; 'courier dp list' shows those that are taken");
  if (sql::number(db, "SELECT count(*) FROM site WHERE code = :n", name) > 0)
    throw Error(ErrorCode::not_allowed, "name " + name, "it is the code of a site")
        .with_hint("choose another name, so that no command can mean both");
}

}  // namespace

void DpBook::add(const DpRow& d) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  check_free(db, d.name);
  sql::run(db,
           "INSERT INTO dp VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, :o, :p,"
           " :q, :r, :s, :t)",
           d.name, sql::text_of(d.types), d.mark, d.own, d.file_streaming, d.prestage,
           d.maintenance, d.pull, d.reserve_bytes, d.schedule, d.rate, d.pulse, d.validate,
           sql::text_of(d.serves), d.owner, d.group, d.file_mode, d.setid, d.atomic_swap,
           d.created == Time{} ? db.clock.now() : d.created);
  write_lists(db, d);
  transaction.commit();
}

void DpBook::set(const DpRow& d) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  get(d.name);
  sql::run(db,
           "UPDATE dp SET types = :a, mark = :b, own = :c, file_streaming = :d, prestage = :e,"
           " maintenance = :f, pull = :g, reserve_bytes = :h, schedule = :i, rate = :j, pulse = :k,"
           " validate = :l, serves = :m, owner = :n, owner_group = :o, file_mode = :p, setid = :q,"
           " atomic_swap = :r WHERE name = :s",
           sql::text_of(d.types), d.mark, d.own, d.file_streaming, d.prestage, d.maintenance,
           d.pull, d.reserve_bytes, d.schedule, d.rate, d.pulse, d.validate, sql::text_of(d.serves),
           d.owner, d.group, d.file_mode, d.setid, d.atomic_swap, d.name);
  write_lists(db, d);
  transaction.commit();
}

void DpBook::remove(const std::string& name) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  get(name);
  sql::run(db, "DELETE FROM dp WHERE name = :n", name);
  sql::run(db,
           "DELETE FROM package_dp WHERE dp = :n AND site = (SELECT code FROM site WHERE role = 0)",
           name);
  // Its open transfer jobs have nowhere to go.
  sql::run(db,
           "UPDATE transfer SET state = 7, reason = 'the distribution point was removed',"
           " finished = :t WHERE dp = :n AND state IN (0, 1, 2, 3, 4, 8)",
           db.clock.now(), name);
  transaction.commit();
}

std::optional<DpRow> DpBook::find(const std::string& name) {
  auto& db = ledger_.impl();
  const sql::Moment moment(db);
  if (sql::number(db, "SELECT count(*) FROM dp WHERE name = :n", name) == 0) return std::nullopt;
  return read_one(db, name);
}

DpRow DpBook::get(const std::string& name) {
  const sql::Moment moment(ledger_.impl());
  return read_one(ledger_.impl(), name);
}

std::vector<DpRow> DpBook::list() {
  auto& db = ledger_.impl();
  const sql::Moment moment(db);
  std::vector<DpRow> out;
  for (const auto& [name] : sql::rows<S>(db, "SELECT name FROM dp ORDER BY name"))
    out.push_back(read_one(db, name));
  return out;
}

}  // namespace courier
