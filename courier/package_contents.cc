#include "courier/package_contents.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/durable.h"
#include "courier/local_work.h"
#include "courier/sha256.h"
#include "courier/table.h"
#include "ledger/package_book.h"
#include "store/tree_writer.h"

namespace courier {
namespace {

VersionRow chosen_version(Home& home, const PackageRow& package, std::uint32_t asked) {
  PackageBook book(home.ledger());
  const std::uint32_t number = asked != 0 ? asked : package.stored_version;
  if (number == 0) {
    throw Error(ErrorCode::incomplete, "package " + package.id.str(),
                "no version of it is stored here")
        .with_loss("nothing was lost: it is announced and waits for its content")
        .with_hint(how_to_get_content(package.id, home.keys().code()));
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
  Json one;
  put_name(one, "path", path.str());
  one["type"] = word(entry.type);
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
  if (!entry.target.empty()) put_name(one, "target", entry.target);
  if (!entry.xattrs.empty()) {
    Json attributes = Json::object();
    for (const auto& [name, value] : entry.xattrs) attributes[escaped(name)] = to_hex(value);
    one["attributes"] = std::move(attributes);
  }
  return one;
}

// The SHA-256 of the files of one version; what several hard links lead to is read once for them.
class FileSums {
 public:
  FileSums(Context& context, const VersionRow& version) : context_(context), version_(version) {}

  // Of a file or a hard link. Errors: incomplete, damaged.
  Bytes of(const SafePath& path, const TreeEntry& entry) {
    if (entry.type == EntryType::file) return read(path, entry);
    const auto [sum, is_new] = of_links_.try_emplace(entry.target);
    if (is_new) {
      const SafePath first = SafePath::parse(entry.target);
      const auto file = context_.home().store().find(version_.root, first);
      if (!file || file->type != EntryType::file) {
        throw Error(ErrorCode::damaged, "hard link " + escaped(path.str()),
                    "leads to " + escaped(first.str()) + ", which is no file");
      }
      sum->second = read(first, *file);
    }
    return sum->second;
  }

 private:
  Bytes read(const SafePath& path, const TreeEntry& entry) {
    Sha256 sum;
    const auto reader = context_.home().store().open_file(entry);
    for (ByteView chunk = reader->next_chunk(); !chunk.empty(); chunk = reader->next_chunk()) {
      sum.add(chunk);
      done_ += chunk.size();
      report(context_.progress, {"reading", path.str(), done_, std::max(done_, version_.bytes)});
    }
    return sum.finish();
  }

  Context& context_;
  const VersionRow& version_;
  std::map<std::string, Bytes> of_links_;  // by the path of the first name
  std::uint64_t done_ = 0;
};

// The entry of a file in the version, a hard link's first name instead of itself.
TreeEntry file_entry(Store& store, const PackageRow& package, const VersionRow& version,
                     const std::string& file) {
  const std::string subject =
      fmt::format("package {} version {}", package.id.str(), version.version);
  const auto none = [&](std::string_view what) {
    return Error(ErrorCode::not_found, subject, fmt::format("{} {}", escaped(file), what))
        .with_hint(fmt::format("courier package files {} --version {} shows what is in it",
                               package.id.str(), version.version));
  };
  // As a user may type it.
  std::string_view plain = file;
  while (plain.starts_with("./")) plain.remove_prefix(2);
  SafePath path;
  try {
    path = SafePath::parse(plain);
  } catch (const Error&) {
    throw none("is no path in a package");
  }
  std::optional<TreeEntry> entry;
  if (!path.empty()) entry = store.find(version.root, path);
  if (entry && entry->type == EntryType::hardlink) {
    entry = store.find(version.root, SafePath::parse(entry->target));
  }
  if (!entry) throw none("is not in it");
  if (entry->type == EntryType::dir) throw none("is a folder in it, no file");
  if (entry->type == EntryType::symlink) {
    throw none("is a symbolic link in it, to " + escaped(entry->target));
  }
  return *entry;
}

// The path of the only file, for standard output. Errors: usage, when there are none or several.
std::string only_file(Store& store, const PackageRow& package, const VersionRow& version) {
  std::string only;
  if (version.files == 1) {
    store.walk(version.root, [&](const SafePath& path, const TreeEntry& entry) {
      if (entry.type == EntryType::file) only = path.str();
    });
  }
  if (only.empty()) {
    throw Error(ErrorCode::usage, "standard output",
                fmt::format("takes one file, and package {} version {} has {}", package.id.str(),
                            version.version, version.files))
        .with_hint("name one: --file PATH");
  }
  return only;
}

// Its content alone goes to standard output, and so there is no report.
Report export_to_stdout(Context& context, const PackageRow& package, const VersionRow& version,
                        const std::string& file) {
  if (context.options.json) {
    throw Error(ErrorCode::usage, "standard output", "cannot hold both a file and --json")
        .with_hint("leave out --json, or export to a folder");
  }
  Store& store = context.home().store();
  const TreeEntry entry =
      file_entry(store, package, version, file.empty() ? only_file(store, package, version) : file);
  const Fd out(dup(STDOUT_FILENO));
  if (!out) throw system_error(errno, "standard output", "cannot write it");
  const auto reader = store.open_file(entry);
  std::uint64_t done = 0;
  for (ByteView chunk = reader->next_chunk(); !chunk.empty(); chunk = reader->next_chunk()) {
    context.fs.write(out, chunk);
    done += chunk.size();
    report(context.progress, {"writing", file, done, entry.size});
  }
  return {};
}

// One file into a folder, under its own last name.
std::vector<Named> export_file(Context& context, const TreeEntry& entry, const std::string& name,
                               const std::string& directory) {
  const Fd dir = make_dirs(context.fs, directory, 0777);
  DurableFile out(context.fs, dir, name, 0600);
  std::uint64_t done = 0;
  write_content(context.home().store(), context.fs, entry, out.fd(), [&](std::uint64_t bytes) {
    done += bytes;
    report(context.progress, {"writing", name, done, entry.size});
  });
  std::vector<Named> problems;
  try {
    for (const auto& [key, value] : entry.xattrs) context.fs.set_xattr(out.fd(), key, value);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::no_space) throw;
    problems.push_back(
        {name, "its extended attributes are not held by the target: " + error.happened()});
  }
  context.fs.set_mode(out.fd(), written_mode(entry, {}));
  context.fs.set_mtime(out.fd(), entry.mtime, entry.mtime_ns);
  out.commit(Replace::never);
  return problems;
}

}  // namespace

Report package_files(Context& context, const ContentsOptions& options) {
  PackageBook book(context.home().ledger());
  const PackageRow package = book.get(PackageId::parse(options.id));
  const VersionRow version = chosen_version(context.home(), package, options.version);
  Table table({"mode", ">size", "modified", "path"});
  std::string sums;
  FileSums files(context, version);
  Json entries = Json::array();
  context.home().store().walk(version.root, [&](const SafePath& path, const TreeEntry& entry) {
    const bool has_content = entry.type == EntryType::file || entry.type == EntryType::hardlink;
    Bytes sum;
    if (options.sha256 && has_content) sum = files.of(path, entry);
    if (context.options.json) {
      entries.push_back(entry_json(path, entry));
      if (!sum.empty()) entries.back()["sha256"] = to_hex(sum);
      return;
    }
    if (options.sha256) {
      if (has_content) sums += sha256sum_line(sum, path.str());
      return;
    }
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
  if (!context.options.json) report.text = options.sha256 ? sums : table.str("no files");
  return report;
}

Report export_package(Context& context, const ContentsOptions& options) {
  PackageBook book(context.home().ledger());
  const PackageRow package = book.get(PackageId::parse(options.id));
  const VersionRow version = chosen_version(context.home(), package, options.version);
  if (options.directory == "-") return export_to_stdout(context, package, version, options.file);
  Store& store = context.home().store();
  std::vector<Named> problems;
  std::uint64_t files = version.files, bytes = version.bytes;
  std::string what;
  if (options.file.empty()) {
    problems = store.export_tree(version.root, options.directory, context.progress);
    what = counted(files, "file", "files");
  } else {
    const TreeEntry entry = file_entry(store, package, version, options.file);
    const std::string name = std::filesystem::path(options.file).filename().string();
    problems = export_file(context, entry, name, options.directory);
    files = 1;
    bytes = entry.size;
    what = printable(options.file);
  }
  Report report;
  report.json = {{"package", package.id.str()},
                 {"version", version.version},
                 {"directory", json_text(options.directory)}};
  if (!options.file.empty()) put_name(report.json, "file", options.file);
  report.json["files"] = files;
  report.json["bytes"] = bytes;
  report.json["problems"] = named_json(problems);
  report.text = fmt::format("package {} version {} written to {}: {}, {}\n", package.id.str(),
                            version.version, printable(options.directory), what, human_size(bytes));
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
    Json one;
    put_name(one, "path", named.path);
    one["what"] = json_text(named.what);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace courier
