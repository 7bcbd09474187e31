// status: packages on distribution points as this site knows them, and its status messages.
#include <fmt/format.h>

#include <map>

#include "courier/commands.h"
#include "courier/table.h"
#include "ledger/job_book.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"

namespace courier {
namespace {

struct StatusOptions {
  std::string package, site, id;
  bool messages = false, summary = false;
};

std::string state_text(const PackageDpRow& row) {
  std::string text(word(row.state));
  if (row.state == PackageState::install_pending && row.pending != PendingReason::none) {
    text += ", " + std::string(word(row.pending));
  }
  if (row.state == PackageState::content_updating && row.served != 0) {
    text += fmt::format(", version {} still served", row.served);
  }
  if (row.invalid) text += ", invalid";
  return text;
}

Json row_json(const PackageDpRow& row, const std::string& name) {
  return {
      {"package", row.key.package.str()},
      {"name", json_text(name)},
      {"site", row.key.site.str()},
      {"dp", row.key.dp.empty() ? Json() : json_text(row.key.dp)},
      {"row_type", row.key.dp.empty() ? 1 : 2},
      {"version", row.version},
      {"served_version", row.served == 0 ? Json() : Json(row.served)},
      {"state", word(row.state)},
      {"state_code", static_cast<int>(row.state)},
      {"pending", row.state == PackageState::install_pending ? Json(word(row.pending)) : Json()},
      {"package_status", row.key.dp.empty() ? Json(word(row.status)) : Json()},
      {"reason", json_text(row.reason)},
      {"invalid", row.invalid},
      {"retries_left", row.retries_left ? Json(*row.retries_left) : Json()},
      {"retry_at", json_time(row.retry_at)},
      {"as_of", json_time(row.as_of)},
      {"evidence", json_text(row.evidence)}};
}

// Installed counts the current version only (B86).
struct Count {
  std::uint64_t targeted = 0, installed = 0, retrying = 0, failed = 0;
  void add(const PackageDpRow& row, std::uint32_t current) {
    if (row.key.dp.empty()) return;
    ++targeted;
    if (row.state == PackageState::installed && row.version == current) ++installed;
    if (row.state == PackageState::install_retrying ||
        row.state == PackageState::removal_retrying) {
      ++retrying;
    }
    if (row.state == PackageState::install_failed || row.state == PackageState::removal_failed) {
      ++failed;
    }
  }
};

Report packages(Context& context, const StatusOptions& options) {
  Home& home = context.home();
  PackageBook packages(home.ledger());
  PackageDpBook book(home.ledger());
  std::optional<SiteCode> site;
  if (!options.site.empty()) {
    site = SiteCode::parse(options.site);
    SiteBook(home.ledger()).get(*site);
  }
  std::vector<PackageDpRow> rows;
  if (options.package.empty()) {
    rows = site ? book.of_site(*site) : book.list();
  } else {
    const PackageId id = PackageId::parse(options.package);
    packages.get(id);
    rows = book.of_package(id);
  }
  std::map<PackageId, PackageRow> known;
  for (PackageRow& package : packages.list()) known.emplace(package.id, std::move(package));
  Table table({"package", "site", "dp", ">version", "state", "as of", "evidence", "reason"});
  Json list = Json::array();
  Count count;
  for (const PackageDpRow& row : rows) {
    if (site && row.key.site != *site) continue;
    auto package = known.find(row.key.package);
    if (package == known.end()) {
      // Removed, and still there.
      package =
          known.emplace(row.key.package, packages.find(row.key.package).value_or(PackageRow{}))
              .first;
    }
    table.add({row.key.package.str(), row.key.site.str(),
               row.key.dp.empty() ? "(store)" : row.key.dp, std::to_string(row.version),
               state_text(row), shown_time(row.as_of),
               row.evidence == row.reason ? "" : row.evidence, row.reason});
    list.push_back(row_json(row, package->second.name));
    if (!package->second.id.empty()) count.add(row, package->second.source_version);
  }
  Report report;
  report.json = {{"states", std::move(list)},
                 {"targeted", count.targeted},
                 {"installed", count.installed},
                 {"retrying", count.retrying},
                 {"failed", count.failed}};
  report.text = table.str("no package is targeted at a distribution point");
  if (count.targeted > 0) {
    report.text += fmt::format("targeted {}, installed {}, retrying {}, failed {}\n",
                               count.targeted, count.installed, count.retrying, count.failed);
  }
  return report;
}

// One line a package, however many sites there are.
Report summary(Context& context, const StatusOptions& options) {
  Home& home = context.home();
  std::map<PackageId, PackageRow> known;
  for (PackageRow& package : PackageBook(home.ledger()).list())
    known.emplace(package.id, std::move(package));
  std::optional<PackageId> only;
  if (!options.package.empty())
    only = PackageBook(home.ledger()).get(PackageId::parse(options.package)).id;
  Table table({"package", ">version", ">sites", ">targeted", ">installed", ">retrying", ">failed",
               ">invalid", "name"});
  Json list = Json::array();
  for (const PackageCount& one : PackageDpBook(home.ledger()).counts()) {
    if (only && one.package != *only) continue;
    const PackageRow& package = known[one.package];
    table.add({one.package.str(), std::to_string(package.source_version), std::to_string(one.sites),
               std::to_string(one.targeted), std::to_string(one.installed),
               std::to_string(one.retrying), std::to_string(one.failed),
               std::to_string(one.invalid), package.name});
    list.push_back({{"package", one.package.str()},
                    {"name", json_text(package.name)},
                    {"version", package.source_version},
                    {"sites", one.sites},
                    {"targeted", one.targeted},
                    {"installed", one.installed},
                    {"retrying", one.retrying},
                    {"failed", one.failed},
                    {"invalid", one.invalid}});
  }
  Report report;
  report.json = {{"packages", std::move(list)}};
  report.text = table.str("no package is targeted at a distribution point");
  return report;
}

Json message_json(const StatusMessage& message) {
  std::string word_of_event;
  for (const StatusMeaning& meaning : status_meanings()) {
    if (meaning.id == message.id) word_of_event = std::string(meaning.event_word);
  }
  Json strings = Json::array();
  for (const std::string& text : message.strings) strings.push_back(json_text(text));
  return {{"id", message.id},
          {"event", word_of_event},
          {"severity", word(message.severity)},
          {"level", message.milestone ? Json("M") : Json()},
          {"source", "Courier"},
          {"component", word(message.component)},
          {"system", json_text(message.system)},
          {"site", message.site.str()},
          {"pid", message.pid},
          {"thread", message.thread},
          {"time", json_time(message.time)},
          {"package", message.package.empty() ? Json() : Json(message.package.str())},
          {"strings", std::move(strings)},
          {"text", json_text(status_text(message))}};
}

Report messages(Context& context, const StatusOptions& options) {
  std::optional<std::string> id;
  if (!options.id.empty()) id = options.id;
  std::optional<SiteCode> site;
  if (!options.site.empty()) site = SiteCode::parse(options.site);
  Table table({"time", "site", "id", "severity", "component", "text"});
  Json list = Json::array();
  for (const StatusMessage& message : StatusLog(context.home().ledger()).list(id, site)) {
    if (!options.package.empty() && message.package.str() != options.package) continue;
    table.add({shown_time(message.time), message.site.str(), message.id,
               std::string(word(message.severity)), std::string(word(message.component)),
               status_text(message)});
    list.push_back(message_json(message));
  }
  Report report;
  report.json = {{"messages", std::move(list)}};
  report.text = table.str("no status messages");
  return report;
}

}  // namespace

void add_status_commands(Commands& commands) {
  StatusOptions& o = commands.options<StatusOptions>();
  CLI::App& verb = commands.verb(
      "status", "packages on distribution points as this site knows them, each with its date",
      "courier status PUN00020 --site PSE", [&o](Context& context) {
        return o.messages  ? messages(context, o)
               : o.summary ? summary(context, o)
                           : packages(context, o);
      });
  verb.add_option("ID", o.package, "one package (else all)");
  CLI::Option* site = verb.add_option("--site", o.site, "one site (else all)")->type_name("CODE");
  CLI::Option* message_flag =
      verb.add_flag("--messages", o.messages, "the status messages instead");
  verb.add_flag("--summary", o.summary, "one line a package, of all sites together")
      ->excludes(site)
      ->excludes(message_flag);
  verb.add_option("--id", o.id, "with --messages: one message id, such as 4400")
      ->needs(message_flag)
      ->type_name("N");
}

}  // namespace courier
