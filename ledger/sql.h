// The ledger's only way to SOCI: statements with positional parameters, values in, tuples out. For
// the .cc files of this room alone. Every value is bound, none is ever part of a statement's text,
// so a name from a parcel cannot become SQL.
#pragma once

#include <soci/soci.h>

#include <array>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "ledger/ledger.h"
#include "ledger/states.h"

namespace sqlite_api {
struct sqlite3;
}

namespace courier {

struct Ledger::Impl {
  Impl(std::string path, const Clock& clock, LedgerOptions options);

  const std::string path;
  const Clock& clock;
  LedgerOptions options;
  soci::session session;
  // Calls and transactions exclude each other; recursive, for books call books.
  std::recursive_mutex mutex;
  int depth = 0;  // of nested transactions

  void pragma(const std::string& text);
  void migrate();
  int user_version();
};

namespace sql {

// Several reads of one moment: what another process commits between them is not seen. For reading
// only; within a transaction it is part of that.
class Moment {
 public:
  explicit Moment(Ledger::Impl& db);
  ~Moment();
  Moment(const Moment&) = delete;

 private:
  Ledger::Impl& db_;
  const bool own_;
};

// SQLite's own handle, for what SOCI does not reach.
sqlite_api::sqlite3* connection_of(soci::session& session);
bool in_transaction(Ledger::Impl& db);
// Errors: device, when SQLite has rolled a transaction back by itself (a full disk, a read error)
// and somebody goes on as if it were still open.
void require_alive(Ledger::Impl& db);

// The Error that a SQLite failure means.
[[noreturn]] void rethrow(const std::string& ledger, const std::exception& e);

// ---- values into parameters ------------------------------------------------------------------
struct Parameter {
  std::variant<long long, std::string> value = 0LL;
  soci::indicator indicator = soci::i_ok;
};

Parameter to_parameter(std::string_view text);
Parameter to_parameter(const Digest& digest);
Parameter to_parameter(const SiteCode& code);
Parameter to_parameter(const PackageId& id);
Parameter to_parameter(const ParcelId& id);
Parameter to_parameter(Time time);
inline Parameter to_parameter(const std::string& text) {
  return to_parameter(std::string_view(text));
}
inline Parameter to_parameter(const char* text) { return to_parameter(std::string_view(text)); }
inline Parameter to_parameter(bool v) { return {v ? 1LL : 0LL, soci::i_ok}; }
template <typename T>
requires std::is_integral_v<T> Parameter to_parameter(T v) {
  // SQLite's integers are signed; no honest counter or size comes near.
  if (!std::in_range<long long>(v))
    throw Error(ErrorCode::damaged, "number " + std::to_string(v), "is beyond the ledger's range");
  return {static_cast<long long>(v), soci::i_ok};
}
// Enumerations that are kept by their number (item and verdict kinds, states of 10.4 and 10.5).
template <typename T>
requires std::is_enum_v<T> Parameter to_parameter(T v) {
  return {static_cast<long long>(v), soci::i_ok};
}
template <typename T>
Parameter to_parameter(const std::optional<T>& v) {
  if (v) return to_parameter(*v);
  return {0LL, soci::i_null};
}

// ---- columns into values ---------------------------------------------------------------------
// A tuple's element is long long, std::string or an optional of them.
template <typename T>
struct Column;
template <>
struct Column<long long> {
  using Storage = long long;
  static long long get(Storage v, soci::indicator i) { return i == soci::i_null ? 0 : v; }
};
template <>
struct Column<std::string> {
  using Storage = std::string;
  static std::string get(const Storage& v, soci::indicator i) {
    return i == soci::i_null ? std::string() : v;
  }
};
template <typename T>
struct Column<std::optional<T>> {
  using Storage = T;
  static std::optional<T> get(const Storage& v, soci::indicator i) {
    return i == soci::i_null ? std::nullopt : std::optional<T>(v);
  }
};

void bind(soci::statement& statement, std::vector<Parameter>& parameters);

template <typename... Columns, typename Each, std::size_t... I>
void fetch(Ledger::Impl& db, const std::string& text, std::vector<Parameter> parameters,
           const Each& each, std::index_sequence<I...>) {
  std::lock_guard lock(db.mutex);
  require_alive(db);
  try {
    std::tuple<typename Column<Columns>::Storage...> storage;
    std::array<soci::indicator, sizeof...(Columns)> indicators{};
    soci::statement statement(db.session);
    statement.alloc();
    bind(statement, parameters);
    (statement.exchange(soci::into(std::get<I>(storage), indicators[I])), ...);
    statement.prepare(text);
    statement.define_and_bind();
    bool more = statement.execute(true);
    while (more) {
      each(std::make_tuple(Column<Columns>::get(std::get<I>(storage), indicators[I])...));
      more = statement.fetch();
    }
  } catch (const soci::soci_error& e) {
    rethrow(db.path, e);
  }
}

// Every row of a query, each given to `each` as a tuple. `each` must not write.
template <typename... Columns, typename Each, typename... Args>
void for_each(Ledger::Impl& db, const std::string& text, const Each& each, const Args&... args) {
  fetch<Columns...>(db, text, std::vector<Parameter>{to_parameter(args)...}, each,
                    std::index_sequence_for<Columns...>{});
}

template <typename... Columns, typename... Args>
std::vector<std::tuple<Columns...>> rows(Ledger::Impl& db, const std::string& text,
                                         const Args&... args) {
  std::vector<std::tuple<Columns...>> out;
  for_each<Columns...>(
      db, text, [&](std::tuple<Columns...> row) { out.push_back(std::move(row)); }, args...);
  return out;
}

// The first row, or nullopt.
template <typename... Columns, typename... Args>
std::optional<std::tuple<Columns...>> row(Ledger::Impl& db, const std::string& text,
                                          const Args&... args) {
  auto all = rows<Columns...>(db, text, args...);
  if (all.empty()) return std::nullopt;
  return std::move(all.front());
}

// A number that the query always has (a count, a maximum, 0 when NULL or no row).
template <typename... Args>
long long number(Ledger::Impl& db, const std::string& text, const Args&... args) {
  auto r = row<long long>(db, text, args...);
  return r ? std::get<0>(*r) : 0;
}

// Runs a statement that changes rows; returns how many it changed.
long long execute(Ledger::Impl& db, const std::string& text, std::vector<Parameter> parameters);
template <typename... Args>
long long run(Ledger::Impl& db, const std::string& text, const Args&... args) {
  return execute(db, text, std::vector<Parameter>{to_parameter(args)...});
}

// ---- columns' texts into values --------------------------------------------------------------
Time time_of(long long nanoseconds);
std::optional<Time> time_of(const std::optional<long long>& nanoseconds);
Digest digest_of_hex(const std::string& hex);
std::string text_of(const Incarnation& incarnation);  // "3:" and 32 hex digits
Incarnation incarnation_of(const std::string& text);
std::string text_of(const std::vector<std::string>& list);  // lines; % and line ends escaped
std::vector<std::string> list_of(const std::string& text);
std::string text_of(const std::vector<NumberRange>& ranges);  // "0-4,9-9"
std::vector<NumberRange> ranges_of(const std::string& text);
std::string text_of(const std::vector<Digest>& digests);  // 64 hex digits each
std::vector<Digest> digests_of(const std::string& text);
std::string text_of(const std::vector<std::uint64_t>& numbers);  // "3,9"
std::vector<std::uint64_t> numbers_of(const std::string& text);
SiteCode site_of(const std::string& text);      // empty: none
PackageId package_of(const std::string& text);  // empty: none

}  // namespace sql
}  // namespace courier
