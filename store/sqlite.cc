#include "store/sqlite.h"

#include <sqlite3.h>

#include <cerrno>

#include "base/error.h"

namespace courier {

namespace {

constexpr int kBusyMilliseconds = 30'000;

}  // namespace

Database::Database(const std::string& path) : path_(path) {
  const int code =
      sqlite3_open_v2(path.c_str(), &handle_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    const std::string what = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
    const int fault = handle_ ? sqlite3_system_errno(handle_) : 0;
    sqlite3_close(handle_);
    const bool is_full = code == SQLITE_FULL || fault == ENOSPC || fault == EDQUOT;
    throw Error(is_full ? ErrorCode::no_space : ErrorCode::device, "file " + escaped(path),
                "cannot open: " + what);
  }
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
}

Database::~Database() { sqlite3_close(handle_); }

void Database::fail(int code) const {
  const std::string subject = path_.empty() ? "temporary file" : "file " + escaped(path_);
  const std::string what = sqlite3_errmsg(handle_);
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw Error(ErrorCode::no_space, subject, what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw Error(ErrorCode::busy, subject, what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
      throw Error(ErrorCode::damaged, subject, what)
          .with_loss("nothing was lost: the packs can make the index again")
          .with_hint("run courier store rebuild-index");
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
      throw Error(ErrorCode::internal, subject, what);
    default:
      throw Error(ErrorCode::device, subject, what);
  }
}

void Database::run(const char* sql) {
  const int code = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void Database::wait_for_others(bool wait) {
  sqlite3_busy_timeout(handle_, wait ? kBusyMilliseconds : 0);
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::uint64_t Database::changes() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(handle_));
}

Statement::Statement(Database& db, const char* sql) : db_(db) {
  const int code =
      sqlite3_prepare_v3(db.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) db.fail(code);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::start() {
  sqlite3_reset(handle_);
  bound_ = 0;
  return *this;
}

Statement& Statement::bind(std::uint64_t value) {
  const int code = sqlite3_bind_int64(handle_, ++bound_, static_cast<sqlite3_int64>(value));
  if (code != SQLITE_OK) db_.fail(code);
  return *this;
}

Statement& Statement::bind(const Digest& value) { return bind(value.view()); }

Statement& Statement::bind(ByteView value) {
  // Of no bytes it may have no place either, and a blob without one would be NULL.
  const void* data = value.empty() ? static_cast<const void*>("") : value.data();
  const int code = sqlite3_bind_blob64(handle_, ++bound_, data, value.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) db_.fail(code);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  // A statement that is done or has failed must not keep its lock.
  sqlite3_reset(handle_);
  if (code == SQLITE_DONE) return false;
  db_.fail(code);
}

void Statement::run() {
  while (step()) {
  }
}

std::uint64_t Statement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(handle_, column));
}

Digest Statement::digest(int column) const {
  Digest digest;
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, column));
  if (sqlite3_column_bytes(handle_, column) != 32) db_.fail(SQLITE_CORRUPT);
  std::copy(data, data + 32, digest.bytes.begin());
  return digest;
}

ByteView Statement::bytes(int column) const {
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(handle_, column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void Statement::reset() { sqlite3_reset(handle_); }

IndexTransaction::IndexTransaction(Database& db) : db_(db) { db_.run("BEGIN IMMEDIATE"); }

IndexTransaction::~IndexTransaction() {
  if (!done_) sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void IndexTransaction::commit() {
  db_.run("COMMIT");
  done_ = true;
}

}  // namespace courier
