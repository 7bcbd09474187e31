#include "courier/package_contents.h"

#include <fmt/format.h>

#include "courier/table.h"
#include "ledger/package_book.h"

namespace courier {
namespace {

VersionRow chosen_version(PackageBook& book, const PackageRow& package, std::uint32_t asked) {
  const std::uint32_t number = asked != 0 ? asked : package.stored_version;
  if (number == 0) {
    throw Error(ErrorCode::incomplete, "package " + package.id.str(),
                "no version of it is stored here")
        .with_loss("nothing was lost: it is announced and waits for its content");
  }
  const VersionRow version = book.get_version(package.id, number);
  if (version.root.is_zero()) {
    throw Error(ErrorCode::not_allowed, "package " + package.id.str(), "has no files");
  }
  return version;
}

std::string_view word(EntryType type) {
  switch (type) {
    case EntryType::file:
      return "file";
    case EntryType::dir:
      return "folder";
    case EntryType::symlink:
      return "link";
    case EntryType::hardlink:
      return "hard link";
  }
  bug("a tree entry of no type");
}

Json entry_json(const SafePath& path, const TreeEntry& entry) {
  Json one = {{"path", json_text(path.str())}, {"type", word(entry.type)}};
  if (entry.type != EntryType::symlink && entry.type != EntryType::hardlink) {
    one["mode"] = fmt::format("{:04o}", entry.mode);
  }
  if (entry.type != EntryType::hardlink) {
    one["mtime"] = iso8601(from_seconds(entry.mtime));
    one["mtime_ns"] = entry.mtime_ns;
  }
  if (entry.type == EntryType::file) {
    one["bytes"] = entry.size;
    one["digest"] = entry.form == ContentForm::none ? Json() : Json(entry.content.hex());
  }
  if (!entry.target.empty()) one["target"] = json_text(entry.target);
  if (!entry.xattrs.empty()) {
    Json attributes = Json::object();
    for (const auto& [name, value] : entry.xattrs) attributes[escaped(name)] = to_hex(value);
    one["attributes"] = std::move(attributes);
  }
  return one;
}

}  // namespace

Report package_files(Context& context, const std::string& id, std::uint32_t number) {
  PackageBook book(context.home().ledger());
  const PackageRow package = book.get(PackageId::parse(id));
  const VersionRow version = chosen_version(book, package, number);
  Table table({"mode", ">size", "modified", "path"});
  Json entries = Json::array();
  context.home().store().walk(version.root, [&](const SafePath& path, const TreeEntry& entry) {
    entries.push_back(entry_json(path, entry));
    const bool link = entry.type == EntryType::symlink || entry.type == EntryType::hardlink;
    std::string shown = path.str();
    if (entry.type == EntryType::dir) shown += "/";
    if (entry.type == EntryType::symlink) shown += " -> " + entry.target;
    if (entry.type == EntryType::hardlink) shown += " = " + entry.target;
    table.add({link ? "" : fmt::format("{:04o}", entry.mode),
               entry.type == EntryType::file ? std::to_string(entry.size) : "",
               entry.type == EntryType::hardlink ? "" : local_time(from_seconds(entry.mtime)),
               std::move(shown)});
  });
  Report report;
  report.json = {
      {"package", package.id.str()}, {"version", version.version}, {"files", std::move(entries)}};
  report.text = table.str("no files");
  return report;
}

Report export_package(Context& context, const std::string& id, std::uint32_t number,
                      const std::string& directory) {
  PackageBook book(context.home().ledger());
  const PackageRow package = book.get(PackageId::parse(id));
  const VersionRow version = chosen_version(book, package, number);
  const std::vector<Named> problems =
      context.home().store().export_tree(version.root, directory, context.progress);
  Report report;
  report.json = {{"package", package.id.str()},
                 {"version", version.version},
                 {"directory", json_text(directory)},
                 {"files", version.files},
                 {"bytes", version.bytes},
                 {"problems", named_json(problems)}};
  report.text = fmt::format("package {} version {} written to {}: {}, {}\n", package.id.str(),
                            version.version, printable(directory),
                            counted(version.files, "file", "files"), human_size(version.bytes));
  for (const Named& problem : problems) {
    report.text +=
        fmt::format("not as in the package: {} ({})\n", printable(problem.path), problem.what);
  }
  if (!problems.empty()) {
    report.problem =
        Error(ErrorCode::partly_done, "package " + package.id.str(),
              fmt::format("{} could not be written as in the package",
                          counted(problems.size(), "entry", "entries")))
            .with_loss("nothing was lost: the rest is in place, the store has all of it")
            .with_hint("export to a file system that holds these names, links and attributes");
  }
  return report;
}

Json named_json(const std::vector<Named>& list) {
  Json out = Json::array();
  for (const Named& named : list) {
    out.push_back({{"path", json_text(named.path)}, {"what", named.what}});
  }
  return out;
}

}  // namespace courier
