#include "courier/package_versions.h"

#include <fmt/format.h>

#include <filesystem>

#include "courier/advice.h"
#include "courier/local_work.h"
#include "courier/package_contents.h"
#include "courier/shown.h"
#include "ledger/package_book.h"
#include "ledger/status_log.h"
#include "sender/distribute.h"

namespace courier {
namespace {

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

// The same as facts and text of a report. What could not be read is besides its problem: asked for,
// and still not all of the source.
void report_left_out(const PackageId& package, SourceKind source, const SnapshotResult& snapshot,
                     Report& report) {
  report.json["not_stored"] = named_json(snapshot.odd);
  report.json["not_stored_count"] = snapshot.odd_count;
  report.json["unreadable"] = named_json(snapshot.unreadable);
  report.json["unreadable_count"] = snapshot.unreadable_count;
  report.text += left_out(snapshot);
  if (snapshot.unreadable_count == 0) return;
  report.problem = Error(ErrorCode::partly_done, "package " + package.str(),
                         fmt::format("{} of its source cannot be read and {} left out",
                                     counted(snapshot.unreadable_count, "entry", "entries"),
                                     snapshot.unreadable_count == 1 ? "was" : "were"))
                       .with_loss("nothing was lost: the rest is in the store")
                       .with_hint(fmt::format("{}, then: courier package update {}",
                                              source == SourceKind::archive
                                                  ? "get the archive again from where it came"
                                                  : "make them readable",
                                              package.str()));
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
  for (const char* id : {"2376", "2311"}) {
    StatusLog(home.ledger())
        .tell(id, Severity::info, package.id,
              {package.id.str(), package.name, std::to_string(version.version)});
  }
  home.journal().write(Component::distribution_manager, Severity::info, "package stored",
                       {{"package", package.id.str()},
                        {"version", std::to_string(version.version)},
                        {"root", version.root.hex()},
                        {"files", std::to_string(version.files)},
                        {"bytes", std::to_string(version.bytes)}});
}

Report snapshot_report(const PackageRow& package, SourceKind source, const VersionRow& version,
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
                 {"stored_bytes", snapshot.stored_bytes}};
  report.text = fmt::format("package {} ({}) version {}: {}, {}; {} new, {} in the store\n",
                            package.id.str(), printable(package.name), version.version,
                            counted(version.files, "file", "files"), human_size(version.bytes),
                            human_size(snapshot.new_bytes), human_size(snapshot.stored_bytes));
  report_left_out(package.id, source, snapshot, report);
  return report;
}

Report add_without_files(PackageBook& packages, PackageRow package, const std::string& name) {
  package.name = name.empty() ? package.id.str() : name;
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

Report unchanged(const PackageRow& package, const VersionRow& latest) {
  Report report;
  report.json = {{"package", package.id.str()}, {"name", json_text(package.name)},
                 {"version", latest.version},   {"changed", false},
                 {"digest", latest.root.hex()}, {"jobs", Json::array()}};
  report.text = fmt::format("package {} is unchanged: version {} stays the latest\n",
                            package.id.str(), latest.version);
  return report;
}

// Nobody asked for these jobs: a version goes where the one before it went.
std::string on_its_way(const VersionRow& version, const std::vector<MadeJob>& jobs) {
  std::vector<SiteCode> sites;
  for (const MadeJob& made : jobs) {
    if (!made.local) sites.push_back(made.target.site);
  }
  if (sites.empty()) return "";
  return fmt::format(
      "version {} goes with the next parcel to {}, where the package is; see what that carries: "
      "{}\n",
      version.version, some_of(sites),
      advised(sites.size() == 1 ? "courier parcel pending --to " + sites.front().str()
                                : "courier parcel pending"));
}

// A stream has no time of its own: one file of the same name and content is the same version.
bool is_same_stream(Store& store, const VersionRow& latest, const SnapshotResult& snapshot,
                    const std::string& name) {
  if (!latest.stored || latest.files != 1 || latest.dirs != 0 || latest.links != 0) return false;
  const SafePath path = SafePath::parse(name);
  const std::optional<TreeEntry> before = store.find(latest.root, path);
  const std::optional<TreeEntry> now = store.find(snapshot.root, path);
  return before && now && before->size == now->size && before->content == now->content;
}

}  // namespace

Report add_package(Context& context, const VersionOptions& options) {
  Home& home = context.home();
  PackageBook packages(home.ledger());
  if (options.no_source != options.source.source.empty()) {
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
        .with_hint("a new version of it: courier package update " + package.id.str() + " SOURCE");
  }
  package.comment = options.comment;
  package.no_source = options.no_source;
  package.created = context.clock.now();
  if (options.no_source) return add_without_files(packages, std::move(package), options.name);
  const PackageSource source = source_of(options.source, nullptr);
  package.source_path = source.path;
  package.source_kind = source.kind;
  const std::string last = std::filesystem::path(source.path).filename().string();
  package.name = options.name.empty() ? last : options.name;
  const SnapshotResult snapshot = take_in(context, source, options.source);
  const VersionRow version = version_row(package.id, 1, snapshot, context.clock);
  Transaction transaction(home.ledger());
  packages.add(package, version);
  record_snapshot(home, package, version);
  transaction.commit();
  return snapshot_report(package, source.kind, version, snapshot);
}

Report update_package(Context& context, const VersionOptions& options) {
  Home& home = context.home();
  PackageBook packages(home.ledger());
  const PackageRow package = packages.get(PackageId::parse(options.id));
  if (package.id.origin() != home.keys().code()) {
    throw Error(ErrorCode::not_allowed, "package " + package.id.str(),
                "belongs to site " + package.id.origin().str())
        .with_hint("only its own site makes new versions of it");
  }
  const PackageSource source = source_of(options.source, &package);
  const SnapshotResult snapshot = take_in(context, source, options.source);
  const VersionRow latest = packages.get_version(package.id, package.source_version);
  if (latest.root == snapshot.root ||
      (source.kind == SourceKind::stream &&
       is_same_stream(home.store(), latest, snapshot, source.path))) {
    if (!latest.stored) packages.mark_stored(package.id, latest.version, true);
    Report report = unchanged(package, latest);
    report_left_out(package.id, source.kind, snapshot, report);
    return report;
  }
  const VersionRow version =
      version_row(package.id, package.source_version + 1, snapshot, context.clock);
  // All in one: the same command again finds the version and says that nothing has changed.
  SenderParts sender = home.sender();
  Transaction transaction(home.ledger());
  packages.add_version(version, source.path, source.kind);
  record_snapshot(home, package, version);
  const std::vector<MadeJob> jobs = Distributor(sender).distribute_update(package.id);
  const PublishReport targeted = target_here(home, LocalWork::install, package.id, jobs);
  transaction.commit();

  Report report = snapshot_report(package, source.kind, version, snapshot);
  carry_out(context, package.id, jobs, targeted, report);
  report.text += on_its_way(version, jobs);
  return report;
}

}  // namespace courier
