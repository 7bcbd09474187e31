#include "courier/package_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "base/durable.h"
#include "base/safe_path.h"
#include "courier/option_values.h"
#include "importer/space.h"
#include "ledger/settings.h"
#include "store/unpacker.h"

namespace courier {
namespace {

constexpr std::string_view kStandardInput = "-";

std::string_view word(SourceKind kind) {
  switch (kind) {
    case SourceKind::files:
      return "files";
    case SourceKind::archive:
      return "archive";
    case SourceKind::stream:
      return "standard input";
  }
  bug("a source of no kind");
}

PackageSource stream_source(const SourceOptions& options, const PackageRow* remembered) {
  PackageSource source{SourceKind::stream, options.as};
  if (source.path.empty() && remembered != nullptr &&
      remembered->source_kind == SourceKind::stream) {
    source.path = remembered->source_path;
  }
  if (source.path.empty()) {
    throw Error(ErrorCode::usage, "standard input", "has no file name")
        .with_hint("say what the file is to be called: --as NAME");
  }
  if (!SafeName::is_safe(source.path)) {
    throw Error(ErrorCode::usage, "--as " + escaped(source.path), "is no name of a file")
        .with_hint("give 1 to 255 bytes without '/'");
  }
  return source;
}

SnapshotResult take_stream(Context& context, const std::string& name,
                           const SnapshotOptions& options) {
  if (isatty(STDIN_FILENO) == 1) {
    throw Error(ErrorCode::usage, "standard input", "is a terminal")
        .with_hint("pipe the content in: COMMAND | courier package add - --as " + name);
  }
  const Fd stream(dup(STDIN_FILENO));
  if (!stream) throw system_error(errno, "standard input", "cannot read it");
  const auto since = context.clock.now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  StreamName named{name, seconds.count(), 0};
  named.mtime_ns = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count());
  return context.home().store().snapshot(stream, named, options);
}

// A folder in the home that an archive is unpacked to, gone with this. What a crash left is swept
// by the next command that holds the home's lock.
class UnpackFolder {
 public:
  explicit UnpackFolder(Home& home) : fs_(home.fs()), home_(open_dir(fs_, home.path())) {
    remove_tree(fs_, home_, kUnpackFolder);
    fs_.make_dir_at(home_, kUnpackFolder, 0700);
    folder_ = fs_.open_at(home_, kUnpackFolder, O_RDONLY | O_DIRECTORY, 0);
  }
  ~UnpackFolder() {
    try {
      remove_tree(fs_, home_, kUnpackFolder);
    } catch (const Error&) {
      // Swept later.
    }
  }
  UnpackFolder(const UnpackFolder&) = delete;
  const Fd& fd() const { return folder_; }

 private:
  FileSystem& fs_;
  Fd home_, folder_;
};

void add_findings(const SourceFindings& findings, SnapshotResult& result) {
  result.odd.insert(result.odd.begin(), findings.odd.begin(), findings.odd.end());
  result.odd_count += findings.odd_count;
  result.unreadable.insert(result.unreadable.begin(), findings.unreadable.begin(),
                           findings.unreadable.end());
  result.unreadable_count += findings.unreadable_count;
}

SnapshotResult take_archive(Context& context, const std::string& path, const SourceOptions& options,
                            SnapshotOptions snapshot) {
  FileSystem& fs = context.fs;
  Home& home = context.home();
  const Fd archive = fs.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  UnpackOptions limits;
  limits.skip_unreadable = options.skip_unreadable;
  limits.max_bytes =
      options.max_unpacked.empty()
          ? default_unpack_limit(static_cast<std::uint64_t>(fs.stat(archive).st_size))
          : parse_size(options.max_unpacked);
  const UnpackFolder folder(home);
  const std::uint64_t free = fs.space(folder.fd()).free_bytes;
  limits.room = free > kHomeReserveBytes ? free - kHomeReserveBytes : 0;
  UnpackedTree tree(fs, folder.fd(), path, limits);
  unpack(fs, archive, path, tree, context.progress);
  snapshot.amend = [&](const SafePath& at, TreeEntry& entry) { tree.amend(at, entry); };
  SnapshotResult result = home.store().snapshot(home.path() + "/" + kUnpackFolder, snapshot);
  add_findings(tree.findings(), result);
  return result;
}

}  // namespace

PackageSource source_of(const SourceOptions& options, const PackageRow* remembered) {
  const bool is_remembered_archive = options.source.empty() && remembered != nullptr &&
                                     remembered->source_kind == SourceKind::archive;
  if (!options.max_unpacked.empty() && !options.unpack && !is_remembered_archive) {
    throw Error(ErrorCode::usage, "--max-unpacked " + escaped(options.max_unpacked),
                "is for an archive that is unpacked, and the source is none")
        .with_hint("leave it out, or give --unpack");
  }
  if (options.source == kStandardInput) {
    if (!options.unpack) return stream_source(options, remembered);
    throw Error(ErrorCode::usage, "standard input", "cannot be unpacked: an archive is no stream")
        .with_hint("save it to a file and give --unpack FILE");
  }
  if (!options.as.empty()) {
    throw Error(ErrorCode::usage, "--as " + escaped(options.as),
                "names what comes from standard input, and the source is another")
        .with_hint("leave it out, or give '-' as the source");
  }
  const SourceKind kind = options.unpack ? SourceKind::archive : SourceKind::files;
  if (!options.source.empty()) return {kind, absolute_path(options.source)};
  if (remembered == nullptr || remembered->source_path.empty()) {
    throw Error(ErrorCode::usage,
                remembered == nullptr ? "package add" : "package " + remembered->id.str(),
                "has no source")
        .with_hint("name a folder, a file, or '-' for standard input");
  }
  if (remembered->source_kind == SourceKind::stream) {
    throw Error(ErrorCode::usage, "package " + remembered->id.str(),
                "came from standard input, which cannot be read again")
        .with_hint(fmt::format("pipe the new content in: COMMAND | courier package update {} -",
                               remembered->id.str()));
  }
  return {options.unpack ? SourceKind::archive : remembered->source_kind, remembered->source_path};
}

SnapshotResult take_in(Context& context, const PackageSource& source,
                       const SourceOptions& options) {
  SnapshotOptions snapshot;
  snapshot.level = level_from(options.level);
  snapshot.skip_unreadable = options.skip_unreadable;
  snapshot.progress = context.progress;
  SnapshotResult result;
  if (source.kind == SourceKind::stream) {
    result = take_stream(context, source.path, snapshot);
  } else if (source.kind == SourceKind::archive) {
    result = take_archive(context, source.path, options, snapshot);
  } else {
    if (!context.shows_progress) {
      // With progress a folder is walked beforehand, for a total that nobody would see.
      snapshot.progress = {};
      snapshot.amend = [&](const SafePath& path, TreeEntry&) {
        report(context.progress, {"reading", path.str()});
      };
    }
    result = context.home().store().snapshot(source.path, snapshot);
  }
  // What a Ctrl-C ended at the other end of the pipe looks like a whole source.
  report(context.progress, {"reading", source.path, result.totals.bytes, result.totals.bytes});
  return result;
}

std::string source_text(const PackageRow& package) {
  if (package.source_path.empty()) return "";
  switch (package.source_kind) {
    case SourceKind::files:
      return package.source_path;
    case SourceKind::archive:
      return package.source_path + ", unpacked";
    case SourceKind::stream:
      return "standard input, as " + package.source_path;
  }
  bug("a source of no kind");
}

void put_source(Json& one, const PackageRow& package) {
  if (package.source_path.empty()) {
    one["source"] = one["source_kind"] = Json();
    return;
  }
  put_name(one, "source", package.source_path);
  one["source_kind"] = word(package.source_kind);
}

}  // namespace courier
