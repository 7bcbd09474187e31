#include "bench/fleet/rows.h"

#include <sqlite3.h>

#include <algorithm>
#include <stdexcept>

#include "base/vocabulary.h"

namespace courier::bench {
namespace {

constexpr std::int64_t kThen = 1'700'000'000'000'000'000;
constexpr std::uint32_t kDamagedOne = 500;  // one site of so many lacks a chunk of what it holds

// A prepared statement that takes texts and numbers in their order.
class Rows {
 public:
  Rows(sqlite3* db, const char* sql) : db_(db) {
    if (sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr) != SQLITE_OK) fail();
  }
  ~Rows() { sqlite3_finalize(statement_); }
  Rows(const Rows&) = delete;
  template <typename... Values>
  void add(const Values&... values) {
    int at = 0;
    (bind(++at, values), ...);
    if (sqlite3_step(statement_) != SQLITE_DONE) fail();
    sqlite3_reset(statement_);
  }

 private:
  void bind(int at, const std::string& text) {
    sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }
  void bind(int at, std::int64_t number) { sqlite3_bind_int64(statement_, at, number); }
  [[noreturn]] void fail() { throw std::runtime_error(sqlite3_errmsg(db_)); }

  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

void run(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(db));
}

std::string site_code(std::uint32_t number) {
  std::string code(3, 'A');
  for (int i = 2; i >= 0; --i, number /= 26)
    code[static_cast<std::size_t>(i)] = static_cast<char>('A' + number % 26);
  return code;
}

std::string package_id(std::size_t number) {
  return PackageId::make(SiteCode::parse("PUN"), static_cast<std::uint32_t>(32 + number)).str();
}

// What the sites of one sort hold and wait for.
struct Pattern {
  struct Held {
    std::size_t package = 0;
    std::uint32_t version = 0;
    bool waits = false;  // for the newest
  };
  std::vector<Held> held;
  std::vector<std::size_t> fresh;  // packages that they never had and wait for
};

Pattern pattern(std::uint64_t number, std::size_t packages, std::uint32_t newest) {
  std::uint64_t state = mixed(number);
  const auto random = [&](std::uint64_t below) { return (state = mixed(state)) % below; };
  Pattern out;
  std::vector<std::size_t> order(packages);
  for (std::size_t i = 0; i < packages; ++i) order[i] = i;
  for (std::size_t i = 0; i < packages; ++i) std::swap(order[i], order[i + random(packages - i)]);
  // From a tenth to a third of all packages; of one pattern in twenty all.
  const std::size_t count = number % 20 == 19 ? packages : packages / 10 + random(packages / 4 + 1);
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto lag = static_cast<std::uint32_t>(random(4));
    const bool waits = lag > 0 && waiting < 12;
    waiting += waits ? 1 : 0;
    out.held.push_back(
        {order[i], std::max<std::uint32_t>(newest - std::min(lag, newest - 1), 1), waits});
  }
  if (number % 5 == 0 && count < packages) out.fresh.push_back(order[count]);
  return out;
}

class Writer {
 public:
  Writer(sqlite3* db, const std::vector<GeneratedPackage>& content)
      : db_(db),
        content_(content),
        newest_(static_cast<std::uint32_t>(content.front().versions.size())) {}

  void packages() {
    Rows package(db_,
                 "INSERT INTO package(id, name, source_path, source_version, stored_version,"
                 " created) VALUES(?, ?, '/srv/source', ?, ?, ?)");
    Rows version(db_, "INSERT INTO version VALUES(?, ?, ?, ?, ?, 0, ?, 1, ?)");
    for (std::size_t p = 0; p < content_.size(); ++p) {
      package.add(package_id(p), "Package " + std::to_string(p), std::int64_t{newest_},
                  std::int64_t{newest_}, kThen);
      for (std::uint32_t v = 1; v <= newest_; ++v) {
        const GeneratedVersion& one = content_[p].versions[v - 1];
        version.add(package_id(p), std::int64_t{v}, one.root.hex(),
                    static_cast<std::int64_t>(one.files), static_cast<std::int64_t>(one.dirs),
                    static_cast<std::int64_t>(one.bytes), kThen);
      }
    }
  }

  void site(const std::string& code, const Pattern& of, bool is_damaged) {
    out.sites.push_back(code);
    site_.add(code, "Site " + code, "1:" + std::string(32, '1'), kThen, kThen, kThen);
    address_.add(code);
    for (const Pattern::Held& held : of.held) {
      const std::string id = package_id(held.package);
      // delta.bases keeps the version before, too.
      for (std::uint32_t v = std::max<std::uint32_t>(held.version, 2) - 1; v <= held.version; ++v) {
        const Digest& root = content_[held.package].versions[v - 1].root;
        // A root that it lacks: nothing of that version is proved.
        holding_.add(code, id, std::int64_t{v}, root.hex(),
                     is_damaged ? root.hex() : std::string());
        is_damaged = false;
        ++out.holdings;
      }
      const auto bytes =
          static_cast<std::int64_t>(content_[held.package].versions[held.version - 1].bytes);
      job_.add(id, std::int64_t{held.version}, code, "confirmed", std::int64_t{0},
               "PUN-" + code + "-000001", bytes, std::int64_t{0}, kThen);
      ++out.jobs_ended;
      for (const char* dp : {"", "D1"}) {
        state_.add(code, dp, id, std::int64_t{held.version}, std::int64_t{held.version},
                   std::int64_t{0}, std::int64_t{0}, kThen, code + "-PUN-000001");
        ++out.states;
      }
      if (held.waits) waits(code, held.package);
    }
    for (const std::size_t package : of.fresh) waits(code, package);
  }

  GeneratedFleet out;

 private:
  void waits(const std::string& code, std::size_t package) {
    const auto bytes = static_cast<std::int64_t>(content_[package].versions.back().bytes);
    job_.add(package_id(package), std::int64_t{newest_}, code, "routed", std::int64_t{1}, "", bytes,
             bytes, kThen);
    ++out.jobs_pending;
  }

  sqlite3* db_;
  const std::vector<GeneratedPackage>& content_;
  const std::uint32_t newest_;
  Rows site_{db_,
             "INSERT INTO site(code, name, role, incarnation, last_return, last_return_time,"
             " last_return_applied, format_version, joined) VALUES(?, ?, 2, ?, 1, ?, ?, 1, ?)"};
  Rows address_{db_, "INSERT INTO address VALUES(?, 'courier', '', 1, 1, 0, '', '', '', '')"};
  Rows holding_{db_, "INSERT INTO holding VALUES(?, ?, ?, ?, 0, ?)"};
  Rows job_{db_,
            "INSERT INTO job(kind, package, version, site, dps, priority, step, state, pending,"
            " sender, parcel, total_bytes, remaining_bytes, created)"
            " VALUES(0, ?1, ?2, ?3, '', 1, ?4, ?5, ?5, 'courier', ?6, ?7, ?8, ?9)"};
  Rows state_{
      db_,
      "INSERT INTO package_dp VALUES(?, ?, ?, ?, ?, ?, ?, 0, '', 0, 0, NULL, NULL, 0, '', '',"
      " ?, ?)"};
};

}  // namespace

GeneratedFleet generate_rows(const std::string& ledger,
                             const std::vector<GeneratedPackage>& content, const FleetSize& size) {
  sqlite3* db = nullptr;
  if (sqlite3_open(ledger.c_str(), &db) != SQLITE_OK)
    throw std::runtime_error("cannot open " + ledger);
  run(db,
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN");
  // Jobs begin accepted and go by arrows; these are where the arrows would have taken them.
  sqlite3_stmt* trigger = nullptr;
  sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema WHERE name = 'job_begin'", -1, &trigger,
                     nullptr);
  if (sqlite3_step(trigger) != SQLITE_ROW) throw std::runtime_error("no job_begin");
  const std::string job_begin = reinterpret_cast<const char*>(sqlite3_column_text(trigger, 0));
  sqlite3_finalize(trigger);
  run(db, "DROP TRIGGER job_begin");
  GeneratedFleet out;
  {
    Writer writer(db, content);
    writer.packages();
    std::vector<Pattern> patterns;
    for (std::uint32_t i = 0; i < size.patterns; ++i)
      patterns.push_back(
          pattern(i, content.size(), static_cast<std::uint32_t>(content.front().versions.size())));
    for (std::uint32_t i = 0, code = 0; i < size.sites; ++i, ++code) {
      if (site_code(code) == "PUN") ++code;
      writer.site(site_code(code), patterns[mixed(i) % patterns.size()],
                  i % kDamagedOne == kDamagedOne - 1);
    }
    out = writer.out;
  }
  run(db, job_begin + "; COMMIT");
  run(db, "PRAGMA journal_mode = DELETE");
  sqlite3_close(db);
  return out;
}

}  // namespace courier::bench
