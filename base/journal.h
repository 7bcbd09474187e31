// Journal: the structured log of one home: JSON lines in HOME/log/journal.jsonl, rolled over at
// log.max-size, the last four kept. Components as in behaviours.md B85. The journal is for people
// and tests; state lives in the ledger.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace courier {

enum class Component {
  courier_sender,
  scheduler,
  despooler,
  distribution_manager,
  package_transfer_manager,
  signer,
  store,
  site
};
enum class Severity { info, warning, error };

std::string_view word(Component);  // "CourierSender", "Scheduler", "Despooler", ...
std::optional<Component> parse_component(std::string_view);
std::string_view word(Severity);  // "I", "W", "E"

using Fields = std::vector<std::pair<std::string, std::string>>;

struct JournalLine {
  Time time;
  Component component;
  Severity severity;
  std::string message;
  Fields fields;
  std::int64_t pid = 0, thread = 0;
};

class Journal {
 public:
  // Lines go nowhere.
  Journal();
  // Appends to HOME/log/journal.jsonl; a home that cannot be written makes a journal that goes
  // nowhere.
  Journal(const std::string& home, const Clock& clock, std::uint64_t max_size);
  ~Journal();
  Journal(Journal&&) noexcept;
  void write(Component component, Severity severity, std::string_view message,
             const Fields& fields = {});

  // Lines of the kept files in order, oldest first; lines that are no JSON are passed over. since,
  // component: filters.
  static void read(const std::string& home, std::optional<Component> component,
                   std::optional<Time> since, const std::function<void(const JournalLine&)>& each);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
