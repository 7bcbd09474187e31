#include "ledger/status_log.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "ledger/site_book.h"
#include "ledger/sql.h"

namespace courier {
namespace {

using L = long long;
using S = std::string;
constexpr std::size_t kMaxStrings = 10;

std::string host_name() {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return "localhost";
  return name;
}

template <typename... Args>
std::vector<StatusMessage> read(Ledger::Impl& db, const std::string& rest, const Args&... args) {
  std::vector<StatusMessage> out;
  for (auto& [sequence, id, severity, milestone, component, site, system, package, strings, pid,
              thread, time] :
       sql::rows<L, S, L, L, L, S, S, S, S, L, L, L>(
           db,
           "SELECT sequence, id, severity, milestone, component, site, system, package, strings,"
           " pid, thread, time FROM status_message " +
               rest,
           args...)) {
    StatusMessage m;
    m.sequence = static_cast<std::uint64_t>(sequence);
    m.id = id;
    m.severity = static_cast<Severity>(severity);
    m.milestone = milestone != 0;
    m.component = static_cast<Component>(component);
    m.site = sql::site_of(site);
    m.system = system;
    m.package = sql::package_of(package);
    m.strings = sql::list_of(strings);
    m.pid = pid;
    m.thread = thread;
    m.time = sql::time_of(time);
    out.push_back(std::move(m));
  }
  return out;
}

void insert(Ledger::Impl& db, const StatusMessage& m, const std::string& incarnation) {
  sql::run(db,
           "INSERT INTO status_message(site, incarnation, sequence, id, severity, milestone,"
           " component, system, package, strings, pid, thread, time)"
           " VALUES(:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m) ON CONFLICT DO NOTHING",
           m.site, incarnation, m.sequence, m.id, m.severity, m.milestone, m.component, m.system,
           m.package, sql::text_of(m.strings), m.pid, m.thread, m.time);
}

}  // namespace

const std::vector<StatusMeaning>& status_meanings() {
  using enum Component;
  // Only wording that is documented is printed (behaviours.md section 13, evidence "text").
  static const std::vector<StatusMeaning> kMeanings = {
      {"2300", distribution_manager, "processing"},
      {"2301", distribution_manager, "processed",
       "Distribution Manager successfully processed package %1 (package ID = %2)", true},
      {"2302", distribution_manager, "failed"},
      {"2311", distribution_manager, "changed"},
      {"2322", distribution_manager, "staged"},
      {"2328", distribution_manager, "copy-failed"},
      {"2329", distribution_manager, "copied"},
      {"2330", distribution_manager, "distributed",
       "Distribution Manager successfully distributed package %1 to distribution point %2", true},
      {"2339", distribution_manager, "to-scheduler"},
      {"2342", distribution_manager, "distributing"},
      {"2357", distribution_manager, "transfer-job"},
      {"2376", distribution_manager, "snapshot"},
      {"4400", despooler, "stored", "", true},
      {"4402", despooler, "no-space"},
      {"4404", despooler, "no-key"},
      {"8200", package_transfer_manager, "content-sent"},
      {"8210", package_transfer_manager, "status-sent"},
      {"8211", package_transfer_manager, "at-capacity"},
      {"8212", package_transfer_manager, "no-sources",
       "This pull distribution point has no sources from which it can download content. We will try"
       " again later."},
      {"C1", despooler, "superseded"},
      {"C2", despooler, "misdelivered"},
      {"C3", distribution_manager, "validation-difference"},
      {"C4", distribution_manager, "cancelled"},
      {"C5", despooler, "outdated"},
      {"C6", distribution_manager, "removed"},
      {"C7", courier_sender, "return-applied"},
      {"C8", courier_sender, "overdue"},
  };
  return kMeanings;
}

namespace {

// nullptr: another site's newer courier may know it.
const StatusMeaning* meaning_of(std::string_view id) {
  const auto& all = status_meanings();
  const auto it = std::find_if(all.begin(), all.end(),
                               [&](const StatusMeaning& meaning) { return meaning.id == id; });
  return it == all.end() ? nullptr : &*it;
}

}  // namespace

std::string status_text(const StatusMessage& m) {
  const StatusMeaning* const meaning = meaning_of(m.id);
  std::string out(meaning ? meaning->event_word : "event");
  if (meaning && !meaning->wording.empty()) {
    out.clear();
    for (std::size_t i = 0; i < meaning->wording.size(); ++i) {
      const char c = meaning->wording[i];
      if (c != '%') {
        out += c;
        continue;
      }
      const auto n = static_cast<std::size_t>(meaning->wording[++i] - '1');
      if (n < m.strings.size()) out += m.strings[n];
    }
    return out;
  }
  for (std::size_t i = 0; i < m.strings.size(); ++i) out += (i == 0 ? ": " : ", ") + m.strings[i];
  return out;
}

std::uint64_t StatusLog::tell(std::string_view id, Severity severity, const PackageId& package,
                              std::vector<std::string> strings) {
  const StatusMeaning* const meaning = meaning_of(id);
  if (!meaning) bug("a status message without a meaning");
  auto& db = ledger_.impl();
  Transaction transaction(db);
  const SiteRow self = SiteBook(ledger_).self();
  StatusMessage m;
  m.id = id;
  m.severity = severity;
  m.milestone = meaning->milestone;
  m.component = meaning->component;
  m.site = self.code;
  m.system = host_name();
  m.package = package;
  m.strings = std::move(strings);
  if (m.strings.size() > kMaxStrings) m.strings.resize(kMaxStrings);
  m.pid = getpid();
  m.thread = syscall(SYS_gettid);
  m.time = db.clock.now();
  // One sequence over all own incarnations: it never goes back within this ledger.
  m.sequence = static_cast<std::uint64_t>(sql::number(
                   db,
                   "SELECT sequence FROM status_message WHERE site = :s ORDER BY row DESC"
                   " LIMIT 1",
                   m.site)) +
               1;
  insert(db, m, sql::text_of(self.incarnation));
  transaction.commit();
  return m.sequence;
}

void StatusLog::add_returned(const SiteCode& site, const Incarnation& incarnation,
                             const std::vector<StatusMessage>& messages) {
  auto& db = ledger_.impl();
  Transaction transaction(db);
  if (site == SiteBook(ledger_).self().code)
    throw Error(ErrorCode::not_trusted, "status messages of " + site.str(),
                "another site cannot write those of this one");
  for (StatusMessage m : messages) {
    m.site = site;
    if (m.strings.size() > kMaxStrings) m.strings.resize(kMaxStrings);
    insert(db, m, sql::text_of(incarnation));
  }
  transaction.commit();
}

std::vector<StatusMessage> StatusLog::list(std::optional<std::string> id,
                                           std::optional<SiteCode> site) {
  auto& db = ledger_.impl();
  const std::string code = site ? site->str() : "";
  if (id) return read(db, "WHERE id = :i AND (:e = '' OR site = :s) ORDER BY row", *id, code, code);
  return read(db, "WHERE (:e = '' OR site = :s) ORDER BY row", code, code);
}

std::vector<StatusMessage> StatusLog::since(std::uint64_t sequence, std::size_t limit) {
  return read(ledger_.impl(),
              "WHERE site = (SELECT code FROM site WHERE role = 0) AND sequence > :q"
              " ORDER BY sequence LIMIT :n",
              sequence, limit);
}

std::uint64_t StatusLog::acknowledged(const SiteCode& site) {
  return static_cast<std::uint64_t>(
      sql::number(ledger_.impl(),
                  "SELECT coalesce(max(t.sequence), 0) FROM told t JOIN site s ON s.code = t.site"
                  " WHERE t.site = :s AND t.number <= s.acknowledged",
                  site));
}

void StatusLog::note_told(const SiteCode& site, std::uint64_t return_number,
                          std::uint64_t sequence) {
  sql::run(ledger_.impl(), "INSERT INTO told VALUES(:s, :n, :q) ON CONFLICT DO NOTHING", site,
           return_number, sequence);
}

}  // namespace courier
