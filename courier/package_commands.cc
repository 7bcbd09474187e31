// package: content taken in from folders and files, as numbered versions.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "courier/commands.h"
#include "courier/package_contents.h"
#include "courier/shown.h"
#include "courier/table.h"
#include "distribution/distribution_manager.h"
#include "ledger/package_book.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "sender/distribute.h"

namespace courier {
namespace {

struct PackageOptions {
  std::string source, id, name, comment, level = "default", directory;
  std::string sender, priority, delta, ignore_schedule, share_name;
  std::uint32_t version = 0;
  bool no_source = false, skip_unreadable = false;
};

Level level_from(const std::string& text) {
  const std::optional<Level> level = parse_level(text);
  if (!level) throw Error(ErrorCode::usage, "level " + text, "is none of fast, default, small");
  return *level;
}

Json version_json(const VersionRow& version) {
  return {{"version", version.version},
          {"digest", version.root.is_zero() ? Json() : Json(version.root.hex())},
          {"files", version.files},
          {"folders", version.dirs},
          {"links", version.links},
          {"bytes", version.bytes},
          {"stored", version.stored},
          {"created", json_time(version.created)}};
}

Json package_json(const PackageRow& package) {
  return {{"package", package.id.str()},
          {"name", json_text(package.name)},
          {"comment", json_text(package.comment)},
          {"source", package.source_path.empty() ? Json() : json_text(package.source_path)},
          {"source_version", package.source_version},
          {"stored_version", package.stored_version},
          {"no_files", package.no_source},
          {"share_name", package.share_name.empty() ? Json() : json_text(package.share_name)},
          {"sender", package.sender},
          {"priority", word(package.priority)},
          {"delta", package.delta},
          {"ignore_schedule", package.ignore_schedule},
          {"created", json_time(package.created)}};
}

// What a snapshot left out, by name: never dropped in silence.
std::string left_out(const SnapshotResult& snapshot) {
  std::string text;
  const auto tell = [&](const std::vector<Named>& list, std::uint64_t count) {
    for (const Named& named : list) {
      text += fmt::format("not stored: {} ({})\n", printable(named.path), named.what);
    }
    if (count > list.size()) text += fmt::format("not stored: {} more\n", count - list.size());
  };
  tell(snapshot.odd, snapshot.odd_count);
  tell(snapshot.unreadable, snapshot.unreadable_count);
  return text;
}

SnapshotResult take_snapshot(Context& context, const std::string& source,
                             const PackageOptions& options) {
  SnapshotOptions snapshot;
  snapshot.level = level_from(options.level);
  snapshot.skip_unreadable = options.skip_unreadable;
  snapshot.progress = context.progress;
  return context.home().store().snapshot(source, snapshot);
}

VersionRow version_row(const PackageId& id, std::uint32_t number, const SnapshotResult& snapshot,
                       const Clock& clock) {
  VersionRow row;
  row.package = id;
  row.version = number;
  row.root = snapshot.root;
  row.files = snapshot.totals.files;
  row.dirs = snapshot.totals.dirs;
  row.links = snapshot.totals.symlinks + snapshot.totals.hardlinks;
  row.bytes = snapshot.totals.bytes;
  row.stored = true;
  row.created = clock.now();
  return row;
}

void record_snapshot(Home& home, const PackageRow& package, const VersionRow& version) {
  StatusLog log(home.ledger());
  for (const char* id : {"2376", "2311"}) {
    StatusMessage message;
    message.id = id;
    message.component = Component::distribution_manager;
    message.package = package.id;
    message.strings = {package.id.str(), package.name, std::to_string(version.version)};
    log.add(std::move(message));
  }
  home.journal().write(Component::distribution_manager, Severity::info, "package stored",
                       {{"package", package.id.str()},
                        {"version", std::to_string(version.version)},
                        {"root", version.root.hex()},
                        {"files", std::to_string(version.files)},
                        {"bytes", std::to_string(version.bytes)}});
}

Report snapshot_report(const PackageRow& package, const VersionRow& version,
                       const SnapshotResult& snapshot) {
  Report report;
  report.json = {{"package", package.id.str()},
                 {"name", json_text(package.name)},
                 {"version", version.version},
                 {"changed", true},
                 {"digest", version.root.hex()},
                 {"files", version.files},
                 {"folders", version.dirs},
                 {"links", version.links},
                 {"bytes", version.bytes},
                 {"new_bytes", snapshot.new_bytes},
                 {"stored_bytes", snapshot.stored_bytes},
                 {"not_stored", named_json(snapshot.odd)},
                 {"unreadable", named_json(snapshot.unreadable)}};
  report.text = fmt::format("package {} ({}) version {}: {}, {}; {} new, {} in the store\n",
                            package.id.str(), printable(package.name), version.version,
                            counted(version.files, "file", "files"), human_size(version.bytes),
                            human_size(snapshot.new_bytes), human_size(snapshot.stored_bytes));
  report.text += left_out(snapshot);
  return report;
}

Report add(Context& context, const PackageOptions& options) {
  Home& home = context.home();
  PackageBook packages(home.ledger());
  if (options.no_source != options.source.empty()) {
    throw Error(ErrorCode::usage, "package add",
                options.no_source ? "--no-source and a SOURCE exclude each other"
                                  : "needs a SOURCE, or --no-source");
  }
  PackageRow package;
  package.id = options.id.empty() ? packages.next_id() : PackageId::parse(options.id);
  if (package.id.origin() != home.keys().code()) {
    throw Error(ErrorCode::usage, "package ID " + package.id.str(),
                "does not begin with the code of this site, " + home.keys().code().str());
  }
  if (packages.find(package.id)) {
    throw Error(ErrorCode::not_allowed, "package " + package.id.str(), "is there already")
        .with_hint("a new version of it: courier package update " + package.id.str());
  }
  package.comment = options.comment;
  package.no_source = options.no_source;
  package.created = context.clock.now();
  if (options.no_source) {
    package.name = options.name.empty() ? package.id.str() : options.name;
    VersionRow version;
    version.package = package.id;
    version.version = 1;
    version.stored = true;
    version.created = package.created;
    packages.add(package, version);
    Report report;
    report.json = {{"package", package.id.str()},
                   {"name", json_text(package.name)},
                   {"version", 1},
                   {"files", 0},
                   {"bytes", 0},
                   {"no_files", true}};
    report.text = fmt::format("package {} ({}) version 1: a package without files\n",
                              package.id.str(), printable(package.name));
    return report;
  }
  package.source_path = absolute_path(options.source);
  const std::string last = std::filesystem::path(package.source_path).filename().string();
  package.name = options.name.empty() ? last : options.name;
  const SnapshotResult snapshot = take_snapshot(context, package.source_path, options);
  const VersionRow version = version_row(package.id, 1, snapshot, context.clock);
  packages.add(package, version);
  record_snapshot(home, package, version);
  return snapshot_report(package, version, snapshot);
}

Report unchanged(const PackageRow& package, const VersionRow& latest) {
  Report report;
  report.json = {{"package", package.id.str()}, {"name", json_text(package.name)},
                 {"version", latest.version},   {"changed", false},
                 {"digest", latest.root.hex()}, {"jobs", Json::array()}};
  report.text = fmt::format("package {} is unchanged: version {} stays the latest\n",
                            package.id.str(), latest.version);
  return report;
}

Report update(Context& context, const PackageOptions& options) {
  Home& home = context.home();
  PackageBook packages(home.ledger());
  const PackageRow package = packages.get(PackageId::parse(options.id));
  if (package.id.origin() != home.keys().code()) {
    throw Error(ErrorCode::not_allowed, "package " + package.id.str(),
                "belongs to site " + package.id.origin().str())
        .with_hint("only its own site makes new versions of it");
  }
  const std::string source =
      options.source.empty() ? package.source_path : absolute_path(options.source);
  if (source.empty()) {
    throw Error(ErrorCode::usage, "package " + package.id.str(), "has no source")
        .with_hint("name one: courier package update " + package.id.str() + " SOURCE");
  }
  const SnapshotResult snapshot = take_snapshot(context, source, options);
  const VersionRow latest = packages.get_version(package.id, package.source_version);
  if (latest.root == snapshot.root) {
    if (!latest.stored) packages.mark_stored(package.id, latest.version, true);
    Report report = unchanged(package, latest);
    report.text += left_out(snapshot);
    return report;
  }
  const VersionRow version =
      version_row(package.id, package.source_version + 1, snapshot, context.clock);
  packages.add_version(version, source);
  record_snapshot(home, package, version);

  Report report = snapshot_report(package, version, snapshot);
  SenderContext sender = home.sender();
  const std::vector<MadeJob> jobs = Distributor(sender).distribute_update(package.id);
  carry_out(context, LocalWork::install, package.id, jobs, report);
  return report;
}

Report list(Context& context) {
  Table table({"package", "name", ">source", ">stored", ">files", ">size"});
  Json packages = Json::array();
  PackageBook book(context.home().ledger());
  for (const PackageRow& package : book.list()) {
    const std::optional<VersionRow> version = book.version(package.id, package.source_version);
    table.add({package.id.str(), package.name, std::to_string(package.source_version),
               std::to_string(package.stored_version),
               version ? std::to_string(version->files) : "-",
               version ? human_size(version->bytes) : "-"});
    Json one = package_json(package);
    one["files"] = version ? Json(version->files) : Json();
    one["bytes"] = version ? Json(version->bytes) : Json();
    packages.push_back(std::move(one));
  }
  Report report;
  report.json = {{"packages", std::move(packages)}};
  report.text = table.str("no packages");
  return report;
}

Report show(Context& context, const PackageOptions& options) {
  PackageBook book(context.home().ledger());
  const PackageRow package = book.get(PackageId::parse(options.id));
  Table table({">version", ">files", ">size", "stored", "made", "digest"});
  Json versions = Json::array();
  for (const VersionRow& version : book.versions(package.id)) {
    table.add({std::to_string(version.version), std::to_string(version.files),
               human_size(version.bytes), version.stored ? "yes" : "no",
               shown_time(version.created), version.root.is_zero() ? "-" : version.root.brief()});
    versions.push_back(version_json(version));
  }
  Report report;
  report.json = package_json(package);
  report.json["waiting"] = package.stored_version < package.source_version;
  report.json["versions"] = std::move(versions);
  report.text = listing(
      {{"package", package.id.str() + " (" + package.name + ")"},
       {"comment", package.comment},
       {"origin", package.id.origin().str()},
       {"source", package.source_path},
       {"source version", std::to_string(package.source_version)},
       {"stored version",
        std::to_string(package.stored_version) +
            (package.stored_version < package.source_version ? " (waiting for content)" : "")},
       {"share name", package.share_name},
       {"sender", package.sender},
       {"priority", std::string(word(package.priority))},
       {"delta", package.delta ? "" : "off"},
       {"ignores schedules", package.ignore_schedule ? "yes" : ""}});
  report.text += "\n" + table.str("no versions");
  return report;
}

Report set(Context& context, const PackageOptions& options) {
  PackageBook book(context.home().ledger());
  PackageRow package = book.get(PackageId::parse(options.id));
  if (!options.name.empty()) package.name = options.name;
  if (!options.comment.empty()) package.comment = options.comment;
  if (!options.sender.empty()) {
    if (options.sender != "any" && options.sender != "courier" && options.sender != "folder") {
      throw Error(ErrorCode::usage, "sender " + options.sender, "is none of any, courier, folder");
    }
    package.sender = options.sender;
  }
  if (!options.priority.empty()) package.priority = priority_from(options.priority);
  if (!options.delta.empty()) package.delta = on_or_off(options.delta, "--delta");
  if (!options.ignore_schedule.empty()) {
    package.ignore_schedule = on_or_off(options.ignore_schedule, "--ignore-schedule");
  }
  if (!options.share_name.empty()) package.share_name = options.share_name;
  book.set(package);
  Report report;
  report.json = package_json(package);
  report.text = fmt::format("package {} changed\n", package.id.str());
  return report;
}

Report remove(Context& context, const PackageOptions& options) {
  Home& home = context.home();
  const PackageId id = PackageId::parse(options.id);
  PackageBook(home.ledger()).remove(id);
  home.journal().write(Component::distribution_manager, Severity::info, "package removed",
                       {{"package", id.str()}});
  Report report;
  report.json = {{"package", id.str()}, {"removed", true}};
  report.text = fmt::format(
      "package {} removed; what nothing else uses is freed by 'courier store gc --delete'\n",
      id.str());
  return report;
}

}  // namespace

void add_package_commands(Commands& commands) {
  CLI::App& package = commands.noun("package", "content, as numbered versions");
  PackageOptions& o = commands.options<PackageOptions>();

  CLI::App& add_verb = commands.verb(
      package, "add", "take a folder or a file into the store as version 1 of a new package",
      "courier package add tools/ --id PUN00020 --name 'Field tools'",
      [&o](Context& context) { return add(context, o); });
  add_verb.add_option("SOURCE", o.source, "a folder or a file");
  add_verb.add_option("--id", o.id, "its ID (else the next free one)")->type_name("ID");
  add_verb.add_option("--name", o.name, "its name, for people")->type_name("TEXT");
  add_verb.add_option("--comment", o.comment, "a remark")->type_name("TEXT");
  add_verb.add_flag("--no-source", o.no_source, "a package without files");

  CLI::App& update_verb =
      commands.verb(package, "update",
                    "take the next version from the same or a new source, and make jobs for\n"
                    "all who have the package",
                    "courier package update PUN00020 tools-2/",
                    [&o](Context& context) { return update(context, o); });
  update_verb.add_option("ID", o.id, "the package")->required();
  update_verb.add_option("SOURCE", o.source, "a new source");
  for (CLI::App* verb : {&add_verb, &update_verb}) {
    verb->add_option("--level", o.level, "fast, default or small")->type_name("LEVEL");
    verb->add_flag("--skip-unreadable", o.skip_unreadable,
                   "leave out and name what cannot be read");
  }

  commands.verb(package, "list", "the packages known here", "courier package list",
                [](Context& context) { return list(context); });
  CLI::App& show_verb = commands.verb(package, "show", "one package and its versions",
                                      "courier package show PUN00020",
                                      [&o](Context& context) { return show(context, o); });
  show_verb.add_option("ID", o.id, "the package")->required();

  CLI::App& files_verb = commands.verb(
      package, "files", "what is in a version", "courier package files PUN00020 --version 1",
      [&o](Context& context) { return package_files(context, o.id, o.version); });
  files_verb.add_option("ID", o.id, "the package")->required();
  files_verb.add_option("--version", o.version, "a version (else the stored one)")->type_name("N");

  CLI::App& export_verb = commands.verb(
      package, "export", "write a version out of the store into an empty folder",
      "courier package export PUN00020 out/",
      [&o](Context& context) { return export_package(context, o.id, o.version, o.directory); });
  export_verb.add_option("ID", o.id, "the package")->required();
  export_verb.add_option("DIR", o.directory, "a folder that is empty or not there")->required();
  export_verb.add_option("--version", o.version, "a version (else the stored one)")->type_name("N");

  CLI::App& set_verb = commands.verb(package, "set", "change how a package travels and is served",
                                     "courier package set PUN00020 --share-name tools",
                                     [&o](Context& context) { return set(context, o); });
  set_verb.add_option("ID", o.id, "the package")->required();
  set_verb.add_option("--name", o.name, "its name")->type_name("TEXT");
  set_verb.add_option("--comment", o.comment, "a remark")->type_name("TEXT");
  set_verb.add_option("--sender", o.sender, "preferred sender: any, courier or folder");
  set_verb.add_option("--priority", o.priority, "of its jobs: high, medium or low");
  set_verb.add_option("--delta", o.delta, "on or off: off sends every version whole");
  set_verb.add_option("--ignore-schedule", o.ignore_schedule, "on or off");
  set_verb.add_option("--share-name", o.share_name, "its folder on a share")->type_name("NAME");

  CLI::App& remove_verb = commands.verb(package, "remove", "give a package up at this site",
                                        "courier package remove PUN00020",
                                        [&o](Context& context) { return remove(context, o); });
  remove_verb.add_option("ID", o.id, "the package")->required();
}

}  // namespace courier
