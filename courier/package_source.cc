#include "courier/package_source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "base/safe_path.h"
#include "courier/shown.h"

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

Level level_from(const std::string& text) {
  const std::optional<Level> level = parse_level(text);
  if (!level) throw Error(ErrorCode::usage, "level " + text, "is none of fast, default, small");
  return *level;
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

}  // namespace

PackageSource source_of(const SourceOptions& options, const PackageRow* remembered) {
  if (options.source == kStandardInput) return stream_source(options, remembered);
  if (!options.as.empty()) {
    throw Error(ErrorCode::usage, "--as " + escaped(options.as),
                "names what comes from standard input, and the source is another")
        .with_hint("leave it out, or give '-' as the source");
  }
  if (!options.source.empty()) return {SourceKind::files, absolute_path(options.source)};
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
  return {remembered->source_kind, remembered->source_path};
}

SnapshotResult take_in(Context& context, const PackageSource& source,
                       const SourceOptions& options) {
  SnapshotOptions snapshot;
  snapshot.level = level_from(options.level);
  snapshot.skip_unreadable = options.skip_unreadable;
  snapshot.progress = context.progress;
  if (source.kind == SourceKind::stream) return take_stream(context, source.path, snapshot);
  return context.home().store().snapshot(source.path, snapshot);
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
