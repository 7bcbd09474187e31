// package: content taken in from folders and files, as numbered versions.
#include <fmt/format.h>

#include "courier/advice.h"
#include "courier/commands.h"
#include "courier/option_values.h"
#include "courier/package_contents.h"
#include "courier/package_source.h"
#include "courier/package_versions.h"
#include "courier/table.h"
#include "ledger/package_book.h"

namespace courier {
namespace {

struct PackageOptions {
  std::string id, name, comment, sender, priority, delta, ignore_schedule, share_name;
  VersionOptions made;
  ContentsOptions contents;
};

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
  Json one = {{"package", package.id.str()},
              {"name", json_text(package.name)},
              {"comment", json_text(package.comment)}};
  put_source(one, package);
  one["source_version"] = package.source_version;
  one["stored_version"] = package.stored_version;
  one["no_files"] = package.no_source;
  one["share_name"] = package.share_name.empty() ? Json() : json_text(package.share_name);
  one["sender"] = package.sender;
  one["priority"] = word(package.priority);
  one["delta"] = package.delta;
  one["ignore_schedule"] = package.ignore_schedule;
  one["created"] = json_time(package.created);
  return one;
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
       {"source", source_text(package)},
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
  if (!options.sender.empty()) package.sender = options.sender;
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
  report.text = fmt::format("package {} removed; what nothing else uses is freed by '{}'\n",
                            id.str(), advised("courier store gc --delete"));
  return report;
}

}  // namespace

void add_package_commands(Commands& commands) {
  CLI::App& package = commands.noun("package", "content, as numbered versions");
  PackageOptions& o = commands.options<PackageOptions>();

  VersionOptions& made = o.made;
  CLI::App& add_verb = commands.verb(
      package, "add",
      "take a folder, a file, an archive or standard input into the store as version 1 of a new\n"
      "package",
      "courier package add tools/ --id PUN00020 --name 'Field tools'",
      [&made](Context& context) { return add_package(context, made); });
  add_verb.add_option("SOURCE", made.source.source,
                      "a folder, a file, an archive (--unpack), or - for standard input");
  add_verb.add_option("--id", made.id, "its ID (else the next free one)")->type_name("ID");
  add_verb.add_option("--name", made.name, "its name, for people")->type_name("TEXT");
  add_verb.add_option("--comment", made.comment, "a remark")->type_name("TEXT");
  add_verb.add_flag("--no-source", made.no_source, "a package without files");

  CLI::App& update_verb =
      commands.verb(package, "update",
                    "take the next version from the same or a new source, and make jobs for\n"
                    "all who have the package",
                    "courier package update PUN00020 tools-2/",
                    [&made](Context& context) { return update_package(context, made); });
  update_verb.add_option("ID", made.id, "the package")->required();
  update_verb.add_option("SOURCE", made.source.source, "a new source");
  for (CLI::App* verb : {&add_verb, &update_verb}) {
    verb->add_option("--as", made.source.as, "what standard input is called as a file")
        ->type_name("NAME");
    verb->add_flag("--unpack", made.source.unpack,
                   "SOURCE is an archive (zip, tar, tar.gz, .bz2, .xz, .zst, .lz4, 7z, iso, cab):\n"
                   "take what is in it");
    verb->add_option("--max-unpacked", made.source.max_unpacked,
                     "stop when the content is larger (else 1 GiB and 100 times the archive)")
        ->type_name("SIZE");
    verb->add_option("--level", made.source.level,
                     "how hard to compress: parcels carry it as it is stored")
        ->type_name("fast|default|small");
    verb->add_flag("--skip-unreadable", made.source.skip_unreadable,
                   "leave out and name what cannot be read");
  }

  commands.verb(package, "list", "the packages known here", "courier package list",
                [](Context& context) { return list(context); });
  CLI::App& show_verb = commands.verb(package, "show", "one package and its versions",
                                      "courier package show PUN00020",
                                      [&o](Context& context) { return show(context, o); });
  show_verb.add_option("ID", o.id, "the package")->required();

  ContentsOptions& contents = o.contents;
  CLI::App& files_verb =
      commands.verb(package, "files", "what is in a version",
                    "courier package files PUN00020 --sha256 > SHA256SUMS",
                    [&contents](Context& context) { return package_files(context, contents); });
  files_verb.add_flag("--sha256", contents.sha256, "its files as 'sha256sum -c' reads them");

  CLI::App& export_verb =
      commands.verb(package, "export", "write a version, or one file of it, out of the store",
                    "courier package export PUN00020 out/",
                    [&contents](Context& context) { return export_package(context, contents); });
  for (CLI::App* verb : {&files_verb, &export_verb}) {
    verb->add_option("ID", contents.id, "the package")->required();
    verb->add_option("--version", contents.version, "a version (else the stored one)")
        ->type_name("N");
  }
  export_verb
      .add_option("DIR", contents.directory,
                  "a folder that is empty or not there, or - for standard output")
      ->required();
  export_verb.add_option("--file", contents.file, "only this file, by its path in the package")
      ->type_name("PATH");

  CLI::App& set_verb = commands.verb(package, "set", "change how a package travels and is served",
                                     "courier package set PUN00020 --share-name tools",
                                     [&o](Context& context) { return set(context, o); });
  set_verb.add_option("ID", o.id, "the package")->required();
  set_verb.add_option("--name", o.name, "its name")->type_name("TEXT");
  set_verb.add_option("--comment", o.comment, "a remark")->type_name("TEXT");
  set_verb.add_option("--sender", o.sender, "preferred sender")
      ->check(CLI::IsMember({"any", "courier"}));
  set_verb.add_option("--priority", o.priority, "of its jobs")->type_name("high|medium|low");
  set_verb.add_option("--delta", o.delta, "off sends every version whole")->type_name("on|off");
  set_verb.add_option("--ignore-schedule", o.ignore_schedule, "send at any time")
      ->type_name("on|off");
  set_verb.add_option("--share-name", o.share_name, "its folder on a share")->type_name("NAME");

  CLI::App& remove_verb = commands.verb(package, "remove", "give a package up at this site",
                                        "courier package remove PUN00020",
                                        [&o](Context& context) { return remove(context, o); });
  remove_verb.add_option("ID", o.id, "the package")->required();
}

}  // namespace courier
