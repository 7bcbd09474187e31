// A thin, owning skin over SQLite's own interface, for the chunk index and for temporary sets.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/digest.h"

struct sqlite3;
struct sqlite3_stmt;

namespace courier {

// Not thread-safe: its owner locks.
class Database {
 public:
  // path: "" for a private temporary file that goes with the connection.
  // Errors: device, no_space; damaged, when the file is no database; busy.
  explicit Database(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  void run(const char* sql);  // one or more statements without results
  std::uint64_t changes() const;
  // Whether it waits for another process that writes (as it does from the beginning), or says busy.
  void wait_for_others(bool wait);
  // False also when an error has ended the transaction by itself.
  bool in_transaction() const;
  sqlite3* handle() const { return handle_; }
  [[noreturn]] void fail(int code) const;

 private:
  sqlite3* handle_ = nullptr;
  std::string path_;
};

class Statement {
 public:
  Statement(Database& db, const char* sql);
  ~Statement();
  Statement(const Statement&) = delete;
  // Begins anew: parameters are numbered from 1 in the order of the calls.
  Statement& start();
  Statement& bind(std::uint64_t value);
  Statement& bind(const Digest& value);
  Statement& bind(ByteView value);
  // True while there is a row.
  bool step();
  // Steps to the end of a statement without results.
  void run();
  std::uint64_t number(int column) const;
  Digest digest(int column) const;
  ByteView bytes(int column) const;  // until the next step
  // Ends a query before its last row, so that it holds no lock.
  void reset();

 private:
  Database& db_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

// Rolled back unless committed.
class IndexTransaction {
 public:
  explicit IndexTransaction(Database& db);
  ~IndexTransaction();
  void commit();

 private:
  Database& db_;
  bool done_ = false;
};

}  // namespace courier
