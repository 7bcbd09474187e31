// SiteBook: this site and those it has joined, as the ledger needs them: incarnation seen, what the
// latest return said, when it came. Keys and rights are the trust list's (signer/).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/vocabulary.h"
#include "ledger/ledger.h"

namespace courier {

struct SiteRow {
  SiteCode code;
  std::string name;
  SiteRole role = SiteRole::peer;
  Incarnation incarnation;        // of the own site: its own; else the latest seen
  std::uint64_t last_return = 0;  // number of its latest return applied here, of `incarnation`
  Digest last_return_label;       // zero: none
  std::optional<Time> last_return_time;  // when it was written, by its own clock
  std::optional<Time> last_return_applied;
  std::uint64_t acknowledged = 0;    // our returns it has said it has seen, up to this number
  std::uint64_t free_bytes = 0;      // of its store, as of the latest return
  std::uint16_t format_version = 0;  // what its program reads
  std::uint64_t features = 0;
  std::vector<std::uint64_t> not_received;  // our parcels it had not got, below the highest it had
  Time joined;
  bool joined_now = true;  // false: known from before, no longer joined
};

class SiteBook {
 public:
  explicit SiteBook(Ledger& ledger) : ledger_(ledger) {}

  // site init: once. Errors: not_allowed when there is a self row.
  void init_self(const SiteCode& code, const std::string& name, const Incarnation& incarnation);
  SiteRow self();
  // Makes or renews the row (name, role, incarnation, format version, features); on the first join
  // makes a courier address with priority 1 (B4), also again when it had none left.
  void join(const SiteRow& site);
  std::optional<SiteRow> find(const SiteCode& code);
  // Errors: not_found, hint `site join`.
  SiteRow get(const SiteCode& code);
  std::vector<SiteRow> list();  // the own site first, then by code

  // A newer incarnation of a site was accepted (signer/trust_list): voids what the older one
  // proved, and re-plans what is on the road: holdings, DP states and returns seen are forgotten,
  // parcels on the road are lost for that site or given up, their jobs pending again. Same
  // incarnation: nothing. The caller has checked that it is newer. Ensures: one transaction.
  void see_incarnation(const SiteCode& code, const Incarnation& incarnation);

  // The addressee's label says which of our returns it has seen: `number` of the own incarnation.
  // Older numbers change nothing. Returns up to it become Confirmed.
  void acknowledge_returns(const SiteCode& code, std::uint64_t number, const std::string& evidence);

 private:
  Ledger& ledger_;
};

}  // namespace courier
