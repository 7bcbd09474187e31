// AddressBook: the ways to a site: sender, priority, schedule, rate. Source: behaviours.md B4, B5,
// B24 to B28. Schedule, zone, rate and pulse are kept as the text of their specification.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/vocabulary.h"
#include "ledger/ledger.h"

namespace courier {

struct AddressRow {
  SiteCode site;
  std::string sender = "courier";  // courier or folder
  std::string folder;              // of a folder sender
  std::uint32_t priority = 1;      // unique per site, 1 is tried first
  bool enabled = true;
  bool substitute = true;
  std::string schedule, zone, rate, pulse;  // empty: none
};

class AddressBook {
 public:
  explicit AddressBook(Ledger& ledger) : ledger_(ledger) {}

  // Errors: not_found (site); not_allowed when the sender or the priority is taken; usage for
  // another sender, or a folder address without a folder.
  void add(const AddressRow& address);
  // Replaces the row of (site, sender); routed jobs that went by it are accepted again (J4).
  void set(const AddressRow& address);
  void remove(const SiteCode& site, const std::string& sender);  // Errors: not_found
  std::vector<AddressRow> list();
  std::vector<AddressRow> of(const SiteCode& site);  // by priority
  std::optional<AddressRow> find(const SiteCode& site, const std::string& sender);

 private:
  Ledger& ledger_;
};

}  // namespace courier
