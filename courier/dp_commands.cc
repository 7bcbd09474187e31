// dp: this site's distribution points.
#include <fmt/format.h>

#include <algorithm>

#include "courier/advice.h"
#include "courier/commands.h"
#include "courier/option_values.h"
#include "courier/table.h"
#include "distribution/dp_setup.h"
#include "ledger/package_dp_book.h"
#include "ledger/settings.h"

namespace courier {
namespace {

struct DpOptions {
  std::string name, reserve, setids, own;
  std::vector<std::string> paths;
  std::optional<std::string> owner, mode;
  bool take_over = false, force = false;
};

DpSettings settings_from(const DpOptions& options) {
  DpSettings settings;
  if (!options.reserve.empty()) settings.reserve_bytes = parse_size(options.reserve);
  settings.owner = options.owner;
  settings.mode = options.mode;
  if (!options.setids.empty()) settings.setuid = on_or_off(options.setids, "--setuid");
  if (!options.own.empty()) settings.own = on_or_off(options.own, "--own");
  return settings;
}

Json drive_json(const DpDrive& drive) {
  return {{"path", json_text(drive.path)},
          {"reachable", drive.reachable},
          {"reason", json_text(drive.why_not)},
          {"atomic_swap", drive.mark ? Json(drive.mark->swap == SwapMeans::exchange) : Json()},
          {"excluded", drive.excluded},
          {"free_bytes", drive.reachable ? Json(drive.free_bytes) : Json()},
          {"total_bytes", drive.reachable ? Json(drive.total_bytes) : Json()}};
}

Json dp_json(const DpView& view, std::uint64_t reserve) {
  const DpRow& dp = view.row;
  Json drives = Json::array();
  for (const DpDrive& drive : view.drives) drives.push_back(drive_json(drive));
  return {{"dp", json_text(dp.name)},
          {"drives", std::move(drives)},
          {"types", dp.types},
          {"reachable", view.reachable()},
          {"own", dp.own},
          {"atomic_swap", dp.atomic_swap},
          {"reserve_bytes", reserve},
          {"owner", dp.owner.empty() ? Json() : json_text(dp.owner)},
          {"group", dp.group.empty() ? Json() : json_text(dp.group)},
          {"mode", dp.file_mode.empty() ? Json() : Json(dp.file_mode)},
          {"setuid", dp.setid},
          {"mark", dp.mark},
          {"created", json_time(dp.created)}};
}

std::uint64_t reserve_of(Home& home, const DpRow& dp) {
  if (dp.reserve_bytes) return *dp.reserve_bytes;
  return static_cast<std::uint64_t>(Settings(home.ledger()).number("dp.reserve"));
}

std::string reachable_text(const DpDrive& drive) {
  if (!drive.reachable) return "not reachable: " + drive.why_not;
  return fmt::format("{} free of {}{}", human_size(drive.free_bytes), human_size(drive.total_bytes),
                     drive.excluded ? ", excluded by a marker file" : "");
}

Report shown(Home& home, const DpView& view) {
  const DpRow& dp = view.row;
  Report report;
  const std::uint64_t reserve = reserve_of(home, dp);
  report.json = dp_json(view, reserve);
  std::vector<std::pair<std::string, std::string>> rows = {{"distribution point", dp.name}};
  for (const DpDrive& drive : view.drives) {
    rows.emplace_back("folder", drive.path);
    rows.emplace_back("", reachable_text(drive));
  }
  rows.emplace_back("kept in reserve", human_size(reserve));
  rows.emplace_back("version swap",
                    dp.atomic_swap
                        ? "atomic: one rename exchanges the versions"
                        : "two renames under a record: this file system has no exchange");
  rows.emplace_back("owner",
                    dp.owner.empty() || dp.group.empty() ? dp.owner : dp.owner + ":" + dp.group);
  rows.emplace_back("mode of files", dp.file_mode);
  rows.emplace_back("setuid and setgid", dp.setid ? "set" : "left out");
  if (dp.own) rows.emplace_back("own", "yes");
  report.text = listing(rows);
  if (std::ranges::any_of(view.drives, [&](const DpDrive& drive) {
        return drive.reachable && drive.total_bytes < reserve;
      })) {
    report.text += fmt::format(
        "the reserve is more than a whole drive has, so nothing fits there; lower it: "
        "{}\n",
        advised("courier dp set " + printable(dp.name) + " --reserve SIZE"));
  }
  return report;
}

Report add(Context& context, const DpOptions& options) {
  Home& home = context.home();
  return shown(home, add_dp(home.distribution(), options.name, options.paths,
                            settings_from(options), options.take_over));
}

Report set(Context& context, const DpOptions& options) {
  Home& home = context.home();
  DpSettings settings = settings_from(options);
  if (!options.paths.empty()) settings.paths = options.paths;
  return shown(home, set_dp(home.distribution(), options.name, settings));
}

Json row_json(const PackageDpRow& row) {
  return {{"package", row.key.package.str()},
          {"version", row.version},
          {"served_version", row.served == 0 ? Json() : Json(row.served)},
          {"state", word(row.state)},
          {"state_code", static_cast<int>(row.state)},
          {"folder", json_text(row.folder)},
          {"invalid", row.invalid},
          {"reason", json_text(row.reason)}};
}

Report show(Context& context, const DpOptions& options) {
  Home& home = context.home();
  Report report = shown(home, show_dp(home.distribution(), options.name));
  Table table({"package", ">version", ">served", "state", "folder", "reason"});
  Json packages = Json::array();
  for (const PackageDpRow& row :
       PackageDpBook(home.ledger()).of_dp(home.keys().code(), options.name)) {
    table.add({row.key.package.str(), std::to_string(row.version),
               row.served == 0 ? "-" : std::to_string(row.served),
               std::string(word(row.state)) + (row.invalid ? ", invalid" : ""), row.folder,
               row.reason});
    packages.push_back(row_json(row));
  }
  report.json["packages"] = std::move(packages);
  report.text += "\n" + table.str("no packages are here");
  return report;
}

Report list(Context& context) {
  Home& home = context.home();
  Table table({"dp", "folder", "space", "version swap"});
  Json dps = Json::array();
  for (const DpView& view : list_dps(home.distribution())) {
    for (const DpDrive& drive : view.drives) {
      table.add({view.row.name, drive.path, reachable_text(drive),
                 view.row.atomic_swap ? "atomic" : "two renames"});
    }
    dps.push_back(dp_json(view, reserve_of(home, view.row)));
  }
  Report report;
  report.json = {{"distribution_points", std::move(dps)}};
  report.text = table.str(advised("no distribution points; add one: courier dp add NAME FOLDER"));
  return report;
}

Report remove(Context& context, const DpOptions& options) {
  remove_dp(context.home().distribution(), options.name, options.force);
  Report report;
  report.json = {{"dp", json_text(options.name)}, {"removed", true}};
  report.text = fmt::format("distribution point {} removed; what lies on its share stays there\n",
                            printable(options.name));
  return report;
}

void add_settings(CLI::App& verb, DpOptions& o) {
  verb.add_option("--reserve", o.reserve, "kept free on its drive: 500M, 2G")->type_name("SIZE");
  verb.add_option("--owner", o.owner, "owner of what is written: USER or USER:GROUP");
  verb.add_option("--mode", o.mode, "permission bits of files: 0644")->type_name("OCTAL");
  verb.add_option("--own", o.own, "the site's own, without schedule and rate")->type_name("on|off");
  verb.add_option("--setuid", o.setids, "set setuid and setgid bits as they travelled")
      ->type_name("on|off");
}

}  // namespace

void add_dp_commands(Commands& commands) {
  CLI::App& dp = commands.noun("dp", "distribution points: folders that serve packages");
  DpOptions& o = commands.options<DpOptions>();

  CLI::App& add_verb = commands.verb(dp, "add", "make a folder a distribution point",
                                     "courier dp add files /srv/files",
                                     [&o](Context& context) { return add(context, o); });
  add_verb.add_option("NAME", o.name, "its name")->required();
  add_verb.add_option("PATH", o.paths, "an existing folder, one for each drive")->required();
  add_verb.add_flag("--take-over", o.take_over, "even if it is another site's");
  add_settings(add_verb, o);

  commands.verb(dp, "list", "this site's distribution points", "courier dp list",
                [](Context& context) { return list(context); });

  CLI::App& show_verb =
      commands.verb(dp, "show", "one distribution point and what it serves",
                    "courier dp show files", [&o](Context& context) { return show(context, o); });
  show_verb.add_option("NAME", o.name, "its name")->required();

  CLI::App& set_verb =
      commands.verb(dp, "set", "change a distribution point", "courier dp set files --reserve 2G",
                    [&o](Context& context) { return set(context, o); });
  set_verb.add_option("NAME", o.name, "its name")->required();
  set_verb.add_option("--path", o.paths, "the same share at another path")->type_name("PATH");
  add_settings(set_verb, o);

  CLI::App& remove_verb = commands.verb(
      dp, "remove", "give a distribution point up; its files stay", "courier dp remove files",
      [&o](Context& context) { return remove(context, o); });
  remove_verb.add_option("NAME", o.name, "its name")->required();
  remove_verb.add_flag("--force", o.force, "even while packages are installed there");
}

}  // namespace courier
