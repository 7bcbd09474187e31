// StatusLog: status messages, numbered events with stable ids (behaviours.md section 13, B84). They
// travel to the origin in returns. The text of a message is made by the program from id and
// strings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/journal.h"
#include "base/vocabulary.h"
#include "ledger/ledger.h"

namespace courier {

struct StatusMessage {
  std::uint64_t sequence = 0;  // per site
  std::string id;              // "4400", "C1"
  Severity severity = Severity::info;
  bool milestone = false;  // level M
  Component component = Component::site;
  SiteCode site;                     // where it happened
  std::string system;                // host name
  PackageId package;                 // attribute; empty: none
  std::vector<std::string> strings;  // insertion strings, ten at most
  std::int64_t pid = 0, thread = 0;
  Time time;
};

// What a message id means, for people: "stored", and whether Courier prints the historic wording.
struct StatusMeaning {
  std::string_view id;
  Component component;
  std::string_view event_word;
  std::string_view wording = {};  // with %1, %2 for strings; empty: only the facts are printed
  bool milestone = false;
};
const std::vector<StatusMeaning>& status_meanings();
// "Distribution Manager successfully processed package Field tools (package ID = PUN00020)" or
// "stored: PUN00020, version 1".
std::string status_text(const StatusMessage& message);

class StatusLog {
 public:
  explicit StatusLog(Ledger& ledger) : ledger_(ledger) {}

  // Notes an event of this site, now. id: one of status_meanings(), which gives its component and
  // level; package: empty when it is about none. Returns its sequence.
  std::uint64_t tell(std::string_view id, Severity severity, const PackageId& package,
                     std::vector<std::string> strings);
  // Of another site, from its return; a sequence known for that site and incarnation is passed
  // over.
  void add_returned(const SiteCode& site, const Incarnation& incarnation,
                    const std::vector<StatusMessage>& messages);
  std::vector<StatusMessage> list(std::optional<std::string> id = {},
                                  std::optional<SiteCode> site = {});
  // Messages of this site after `sequence`, at most `limit`, oldest first: for returns.
  std::vector<StatusMessage> since(std::uint64_t sequence, std::size_t limit);
  // The last sequence told in a return to `site` that it has acknowledged; set when one is written.
  std::uint64_t acknowledged(const SiteCode& site);
  void note_told(const SiteCode& site, std::uint64_t return_number, std::uint64_t sequence);

 private:
  Ledger& ledger_;
};

}  // namespace courier
