#include "ledger/ledger.h"

#include <fcntl.h>
#include <pwd.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "ledger/arrows.h"
#include "ledger/schema.h"
#include "ledger/sql.h"

namespace courier {
namespace {

// SOCI takes "key=value" pairs when there is a '=' in the text, else a plain file name.
std::string connect_string(const std::string& path) {
  if (path.find('=') == std::string::npos) return path;
  if (path.find('"') != std::string::npos)
    throw Error(ErrorCode::usage, "home " + path, "a path with both = and \" cannot hold a ledger");
  return "dbname=\"" + path + "\"";
}

std::string absolute(const std::string& path) { return std::filesystem::absolute(path).string(); }

std::string login_name() {
  if (const passwd* p = getpwuid(getuid()); p && p->pw_name) return p->pw_name;
  return "uid " + std::to_string(getuid());
}

void sync_path(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) throw system_error(errno, path, "cannot open");
  const int result = fsync(fd);
  const int fault = errno;
  close(fd);
  if (result != 0) throw system_error(fault, path, "cannot write");
}

}  // namespace

Ledger::Impl::Impl(std::string p, const Clock& c, LedgerOptions o)
    : path(std::move(p)), clock(c), options(std::move(o)) {
  if (options.who.empty()) options.who = login_name();
  try {
    session.open(soci::sqlite3, connect_string(path));
    sqlite_api::sqlite3_busy_timeout(sql::connection_of(session),
                                     static_cast<int>(options.busy_timeout.count()));
    // Nothing in the file itself may run functions with effects.
    pragma("PRAGMA trusted_schema = OFF");
    pragma("PRAGMA foreign_keys = ON");
    pragma("PRAGMA synchronous = EXTRA");
    pragma("PRAGMA temp_store = MEMORY");
  } catch (const soci::soci_error& e) {
    sql::rethrow(path, e);
  }
}

void Ledger::Impl::pragma(const std::string& text) { sql::run(*this, text); }

int Ledger::Impl::user_version() {
  return static_cast<int>(sql::number(*this, "PRAGMA user_version"));
}

void Ledger::Impl::migrate() {
  // The version is read again under the write lock: two processes may open an old ledger at once.
  const auto behind = [&] { return user_version() < kLedgerVersion; };
  while (behind()) {
    Transaction transaction(*this);
    if (!behind()) break;
    const int next = user_version() + 1;
    for (const auto statement : migrations()[static_cast<std::size_t>(next - 1)])
      sql::run(*this, std::string(statement));
    sql::run(*this, "DELETE FROM arrow");
    for (const auto& a : arrows())
      sql::run(*this, "INSERT INTO arrow VALUES(:a, :b, :c, :d)", a.machine, a.event, a.from, a.to);
    pragma("PRAGMA user_version = " + std::to_string(next));
    pragma("PRAGMA application_id = " + std::to_string(kLedgerApplicationId));
    transaction.commit();
  }
}

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Ledger Ledger::create(const std::string& path, const Clock& clock, LedgerOptions options) {
  const std::string full = absolute(path);
  const int fd = ::open(full.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    if (errno == EEXIST) throw Error(ErrorCode::not_allowed, "ledger " + full, "it exists already");
    throw system_error(errno, "ledger " + full, "cannot create");
  }
  ::close(fd);
  auto impl = std::make_unique<Impl>(full, clock, std::move(options));
  impl->migrate();
  sync_path(std::filesystem::path(full).parent_path().string(), O_RDONLY | O_DIRECTORY);
  return Ledger(std::move(impl));
}

bool Ledger::is_older(const std::string& path, const Clock& clock) {
  const std::string full = absolute(path);
  struct stat info {};
  if (::stat(full.c_str(), &info) != 0) return false;
  return Impl(full, clock, {}).user_version() < kLedgerVersion;
}

Ledger Ledger::open(const std::string& path, const Clock& clock, LedgerOptions options) {
  const std::string full = absolute(path);
  struct stat info {};
  if (::stat(full.c_str(), &info) != 0) {
    if (errno == ENOENT) throw Error(ErrorCode::not_found, "ledger " + full, "it does not exist");
    throw system_error(errno, "ledger " + full, "cannot open");
  }
  auto impl = std::make_unique<Impl>(full, clock, std::move(options));
  const int version = impl->user_version();
  const auto application = sql::number(*impl, "PRAGMA application_id");
  // A file of no bytes, or of version 0: `create` was killed before its first commit. Go on.
  const bool fresh = version == 0 && application == 0 &&
                     sql::number(*impl, "SELECT count(*) FROM sqlite_master") == 0;
  if (!fresh && application != kLedgerApplicationId)
    throw Error(ErrorCode::damaged, "ledger " + full, "it is a database of another program");
  if (version > kLedgerVersion)
    throw Error(ErrorCode::newer_ledger, "ledger " + full,
                "it has version " + std::to_string(version) +
                    ", this courier reads versions up to " + std::to_string(kLedgerVersion))
        .with_hint("use the newer courier that wrote it, or update this one");
  if (version < kLedgerVersion && !impl->options.migrates)
    throw Error(ErrorCode::not_allowed, "ledger " + full,
                "it has version " + std::to_string(version) + " and is not to be migrated now");
  impl->migrate();
  return Ledger(std::move(impl));
}

const std::string& Ledger::who() const { return impl_->options.who; }
const Clock& Ledger::clock() const { return impl_->clock; }

void Ledger::copy_to(const std::string& path) {
  const std::string full = absolute(path);
  const int fd = ::open(full.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    if (errno == EEXIST) throw Error(ErrorCode::not_allowed, "file " + full, "it exists already");
    throw system_error(errno, "file " + full, "cannot create");
  }
  ::close(fd);
  std::lock_guard lock(impl_->mutex);
  try {
    soci::session copy(soci::sqlite3, connect_string(full));
    auto* const to = sql::connection_of(copy);
    auto* const backup =
        sqlite_api::sqlite3_backup_init(to, "main", sql::connection_of(impl_->session), "main");
    int result = SQLITE_ERROR;
    if (backup) {
      sqlite_api::sqlite3_busy_timeout(to, static_cast<int>(impl_->options.busy_timeout.count()));
      // All pages in one step: the copy is of one moment.
      result = sqlite_api::sqlite3_backup_step(backup, -1);
      const int finished = sqlite_api::sqlite3_backup_finish(backup);
      if (result == SQLITE_DONE) result = finished;
    }
    if (result != SQLITE_OK)
      throw soci::sqlite3_soci_error(
          std::string("cannot copy: ") + sqlite_api::sqlite3_errstr(result), result);
  } catch (const soci::soci_error& e) {
    ::unlink(full.c_str());
    sql::rethrow(full, e);
  }
  sync_path(full, O_RDONLY);
  sync_path(std::filesystem::path(full).parent_path().string(), O_RDONLY | O_DIRECTORY);
}

std::vector<HistoryRow> Ledger::history(const std::string& kind, const std::string& subject) {
  std::vector<HistoryRow> out;
  for (auto& [time, who, event, from, to, evidence] :
       sql::rows<long long, std::string, std::string, std::string, std::string, std::string>(
           *impl_,
           "SELECT time, who, event, from_state, to_state, evidence FROM history"
           " WHERE machine = :m AND subject = :s ORDER BY id",
           kind, subject))
    out.push_back({sql::time_of(time), who, event, from, to, evidence});
  return out;
}

Transaction::Transaction(Ledger& ledger) : Transaction(ledger.impl()) {}

Transaction::Transaction(Ledger::Impl& impl) : impl_(impl), depth_(0) {
  impl_.mutex.lock();
  try {
    depth_ = impl_.depth;
    sql::run(impl_, depth_ == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT s" + std::to_string(depth_));
    ++impl_.depth;
  } catch (...) {
    impl_.mutex.unlock();
    throw;
  }
}

Transaction::~Transaction() {
  if (!done_) {
    --impl_.depth;
    try {
      if (depth_ == 0) {
        // SQLite has rolled back by itself after some faults; then there is nothing to do.
        if (sql::in_transaction(impl_)) sql::run(impl_, "ROLLBACK");
      } else {
        const std::string name = "s" + std::to_string(depth_);
        sql::run(impl_, "ROLLBACK TO " + name);
        sql::run(impl_, "RELEASE " + name);
      }
    } catch (const Error&) {
      // The connection is unusable; what was not committed is not in the file.
    }
  }
  impl_.mutex.unlock();
}

void Transaction::commit() {
  sql::run(impl_, depth_ == 0 ? "COMMIT" : "RELEASE s" + std::to_string(depth_));
  --impl_.depth;
  done_ = true;
}

}  // namespace courier
