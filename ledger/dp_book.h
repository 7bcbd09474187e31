// DpBook: this site's distribution points, as data; what they serve is in
// package_dp_book.h.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/vocabulary.h"
#include "ledger/ledger.h"

namespace courier {

struct DpRow {
  std::string name;
  std::vector<std::string> paths;  // one per drive, raw bytes, absolute
  std::vector<std::string> types;  // "server", "standard", ...
  std::string mark;                // the ID written into `.courier/dp.json`, hex
  bool own = false;
  bool file_streaming = false, prestage = false, maintenance = false, pull = false;
  std::optional<std::uint64_t> reserve_bytes;                  // nullopt: setting dp.reserve
  std::string schedule, rate, pulse, validate;                 // specifications; empty: none
  std::vector<std::pair<std::string, std::uint32_t>> sources;  // of a pull DP: name, order
  std::vector<std::string> serves;
  std::string owner, group, file_mode;  // applied to what is written; empty: as made
  bool setid = false;                   // setuid and setgid bits are set on this DP
  bool atomic_swap = true;              // false: two renames under a recorded intent
  Time created;
};

class DpBook {
 public:
  explicit DpBook(Ledger& ledger) : ledger_(ledger) {}

  void add(const DpRow& dp);             // Errors: not_allowed when the name is taken
  void set(const DpRow& dp);             // Errors: not_found
  void remove(const std::string& name);  // its package rows with it
  std::optional<DpRow> find(const std::string& name);
  DpRow get(const std::string& name);  // Errors: not_found
  std::vector<DpRow> list();           // by name

 private:
  Ledger& ledger_;
};

}  // namespace courier
