#include "ledger/sql.h"

#include <soci/sqlite3/soci-sqlite3.h>

#include <charconv>

namespace courier::sql {
namespace {

// What SQLite says of it, without the statement: that is no concern of who reads it.
std::string reason_of(int result) { return sqlite_api::sqlite3_errstr(result); }

}  // namespace

void rethrow(const std::string& ledger, const std::exception& e) {
  const std::string subject = "ledger " + ledger;
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&e);
  // The primary result code is in the low byte.
  switch (sqlite ? sqlite->result() & 0xff : 0) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorCode::busy, subject, "another courier is writing to it");
    case SQLITE_FULL:
      throw Error(ErrorCode::no_space, subject, "no space is left for it");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorCode::damaged, subject, "it is damaged: " + reason_of(sqlite->result()));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw Error(ErrorCode::device, subject,
                  "cannot read or write it: " + reason_of(sqlite->result()));
    default:
      throw Error(ErrorCode::internal, subject, e.what());
  }
}

// SOCI exports no type information of its session, so UBSan cannot check this cast.
__attribute__((no_sanitize("vptr"))) sqlite_api::sqlite3* connection_of(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

bool in_transaction(Ledger::Impl& db) {
  return !sqlite_api::sqlite3_get_autocommit(connection_of(db.session));
}

void require_alive(Ledger::Impl& db) {
  if (db.depth > 0 && !in_transaction(db))
    throw Error(ErrorCode::device, "ledger " + db.path,
                "what was begun was taken back after a fault");
}

Moment::Moment(Ledger::Impl& db) : db_(db), own_((db.mutex.lock(), db.depth == 0)) {
  if (!own_) return;
  try {
    run(db_, "BEGIN");
    ++db_.depth;
  } catch (...) {
    db_.mutex.unlock();
    throw;
  }
}

Moment::~Moment() {
  if (own_) {
    --db_.depth;
    try {
      run(db_, "COMMIT");
    } catch (const Error&) {
      // Nothing was written; the connection says so again at its next use.
    }
  }
  db_.mutex.unlock();
}

Parameter to_parameter(std::string_view text) { return {std::string(text), soci::i_ok}; }
Parameter to_parameter(const Digest& digest) {
  return {digest.is_zero() ? std::string() : digest.hex(), soci::i_ok};
}
Parameter to_parameter(const SiteCode& code) { return {code.str(), soci::i_ok}; }
Parameter to_parameter(const PackageId& id) { return {id.str(), soci::i_ok}; }
Parameter to_parameter(const ParcelId& id) { return {id.str(), soci::i_ok}; }
Parameter to_parameter(Time time) {
  return {static_cast<long long>(time.time_since_epoch().count()), soci::i_ok};
}

void bind(soci::statement& statement, std::vector<Parameter>& parameters) {
  for (auto& p : parameters) {
    std::visit([&](auto& value) { statement.exchange(soci::use(value, p.indicator)); }, p.value);
  }
}

long long execute(Ledger::Impl& db, const std::string& text, std::vector<Parameter> parameters) {
  std::lock_guard lock(db.mutex);
  require_alive(db);
  try {
    soci::statement statement(db.session);
    statement.alloc();
    bind(statement, parameters);
    statement.prepare(text);
    statement.define_and_bind();
    statement.execute(true);
    return statement.get_affected_rows();
  } catch (const soci::soci_error& e) {
    rethrow(db.path, e);
  }
}

Time time_of(long long nanoseconds) { return Time(std::chrono::nanoseconds(nanoseconds)); }
std::optional<Time> time_of(const std::optional<long long>& nanoseconds) {
  if (!nanoseconds) return std::nullopt;
  return time_of(*nanoseconds);
}

Digest digest_of_hex(const std::string& hex) {
  return hex.empty() ? Digest{} : Digest::from_hex(hex);
}

std::string text_of(const Incarnation& incarnation) {
  return std::to_string(incarnation.ordinal) + ":" + to_hex(incarnation.random);
}

namespace {

std::uint64_t parse_number(std::string_view text) {
  std::uint64_t n = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (fault != std::errc{} || end != text.data() + text.size())
    bug("a number in the ledger is none: " + escaped(text));
  return n;
}

template <typename Each>
void split(std::string_view text, char separator, const Each& each) {
  while (!text.empty()) {
    const auto end = text.find(separator);
    each(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Incarnation incarnation_of(const std::string& text) {
  const auto colon = text.find(':');
  Incarnation out;
  if (colon == std::string::npos) return out;
  out.ordinal = static_cast<std::uint32_t>(parse_number(std::string_view(text).substr(0, colon)));
  const Bytes random = from_hex(std::string_view(text).substr(colon + 1));
  if (random.size() != out.random.size()) bug("an incarnation in the ledger is none");
  std::copy(random.begin(), random.end(), out.random.begin());
  return out;
}

std::string text_of(const std::vector<std::string>& list) {
  std::string out;
  for (const auto& entry : list) {
    for (const char c : entry) {
      if (c == '%')
        out += "%25";
      else if (c == '\n')
        out += "%0A";
      else
        out += c;
    }
    out += '\n';
  }
  return out;
}

std::vector<std::string> list_of(const std::string& text) {
  std::vector<std::string> out;
  std::string entry;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      out.push_back(std::move(entry));
      entry.clear();
    } else if (text[i] == '%' && i + 2 < text.size()) {
      entry += text.compare(i, 3, "%0A") == 0 ? '\n' : '%';
      i += 2;
    } else {
      entry += text[i];
    }
  }
  return out;
}

std::string text_of(const std::vector<NumberRange>& ranges) {
  std::string out;
  for (const auto& r : ranges) {
    if (!out.empty()) out += ',';
    out += std::to_string(r.first) + "-" + std::to_string(r.last);
  }
  return out;
}

std::vector<NumberRange> ranges_of(const std::string& text) {
  std::vector<NumberRange> out;
  split(text, ',', [&](std::string_view part) {
    const auto dash = part.find('-');
    if (dash == std::string_view::npos) bug("a range in the ledger is none");
    out.push_back({parse_number(part.substr(0, dash)), parse_number(part.substr(dash + 1))});
  });
  return out;
}

std::string text_of(const std::vector<Digest>& digests) {
  std::string out;
  out.reserve(digests.size() * 64);
  for (const auto& d : digests) out += d.hex();
  return out;
}

std::vector<Digest> digests_of(const std::string& text) {
  std::vector<Digest> out;
  out.reserve(text.size() / 64);
  for (std::size_t i = 0; i + 64 <= text.size(); i += 64)
    out.push_back(Digest::from_hex(std::string_view(text).substr(i, 64)));
  return out;
}

std::string text_of(const std::vector<std::uint64_t>& numbers) {
  std::string out;
  for (const auto n : numbers) {
    if (!out.empty()) out += ',';
    out += std::to_string(n);
  }
  return out;
}

std::vector<std::uint64_t> numbers_of(const std::string& text) {
  std::vector<std::uint64_t> out;
  split(text, ',', [&](std::string_view part) { out.push_back(parse_number(part)); });
  return out;
}

SiteCode site_of(const std::string& text) {
  return text.empty() ? SiteCode() : SiteCode::parse(text);
}
PackageId package_of(const std::string& text) {
  return text.empty() ? PackageId() : PackageId::parse(text);
}

}  // namespace courier::sql
