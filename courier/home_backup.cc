#include "courier/home_backup.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "ledger/package_book.h"
#include "ledger/parcel_book.h"
#include "ledger/restore.h"
#include "signer/trust_file.h"

namespace courier {

namespace {

constexpr char kLedgerName[] = "ledger.sqlite";
constexpr char kLedgerCopy[] = ".tmp-ledger-for-backup";
constexpr char kMarker[] = "restore.unfinished";
// What an unfinished restore may have left; the keys go first, for with them it would be a home.
constexpr std::string_view kRemains[] = {"keys",  kLedgerName, "ledger.sqlite-journal",
                                         "trust", "store",     "outbox"};
constexpr std::size_t kBlock = std::size_t{1} << 20;

// Reads a file to its end, in blocks.
void for_each_block(FileSystem& fs, const Fd& dir, std::string_view name,
                    const std::function<void(ByteView)>& take) {
  const Fd file = fs.open_at(dir, name, O_RDONLY);
  Bytes block(kBlock);
  while (const std::size_t n = fs.read(file, block)) take(ByteView(block).first(n));
}

// Removes a file when it goes out of scope.
class Removed {
 public:
  Removed(FileSystem& fs, const Fd& dir, std::string name)
      : fs_(fs), dir_(dir), name_(std::move(name)) {
    remove_tree(fs_, dir_, name_);
  }
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;
  ~Removed() {
    try {
      remove_tree(fs_, dir_, name_);
    } catch (const Error&) {
      // It has a temporary name, which the next sweep removes.
    }
  }

 private:
  FileSystem& fs_;
  const Fd& dir_;
  std::string name_;
};

BackupHead::Part part_of(ByteView content) {
  return {content.size(), digest_of(DigestKind::backup, content)};
}

bool may_be_in_an_empty_home(const std::string& name) {
  return name == "courier.lock" || name == "lost+found" || is_temporary_name(name);
}

// Throws unless nothing is in the home, or what an unfinished restore left.
void require_empty(FileSystem& fs, const Fd& dir, const std::string& home) {
  if (KeyRing::exists(fs, home)) {
    throw Error(ErrorCode::not_allowed, "home " + home, "is a site already")
        .with_hint("restore into an empty home: name another with --home");
  }
  if (fs.stat_at(dir, kMarker)) return;
  for (const DirEntry& entry : fs.list(dir)) {
    if (may_be_in_an_empty_home(entry.name)) continue;
    throw Error(ErrorCode::not_allowed, "home " + home,
                fmt::format("is not empty: it holds '{}'", escaped(entry.name)))
        .with_hint("restore into an empty home: name another with --home");
  }
}

void require_space(FileSystem& fs, const Fd& dir, const std::string& home, const BackupHead& head) {
  const std::uint64_t wanted = head.size_of_parts() + (std::uint64_t{4} << 20);
  const std::uint64_t free = fs.space(dir).free_bytes;
  if (free < wanted) {
    throw Error(ErrorCode::no_space, "home " + home,
                fmt::format("{} are needed and {} are free", human_size(wanted), human_size(free)));
  }
}

void remove_remains(FileSystem& fs, const Fd& dir) {
  for (const std::string_view name : kRemains) remove_tree(fs, dir, name);
  sweep_temporary(fs, dir);
}

// Versions that need no content to be whole.
std::vector<std::pair<PackageId, std::uint32_t>> versions_without_files(Ledger& ledger) {
  std::vector<std::pair<PackageId, std::uint32_t>> whole;
  PackageBook packages(ledger);
  for (const PackageRow& package : packages.list()) {
    for (const VersionRow& version : packages.versions(package.id)) {
      if (version.root.is_zero()) whole.emplace_back(version.package, version.version);
    }
  }
  return whole;
}

// Fills the home up to, and without, the keys.
void restore_records(FileSystem& fs, const Clock& clock, const std::string& home, const Fd& dir,
                     BackupReader& backup, RestoreResult& result, const ProgressSink& progress) {
  {
    DurableFile ledger(fs, dir, kLedgerName);
    backup.read(
        BackupPart::ledger, [&](ByteView bytes) { ledger.write(bytes); }, progress);
    ledger.commit(Replace::never);
  }
  const Secret trust = backup.read_small(BackupPart::trust_list, kMaxTrustFileSize);
  TrustList::restore(fs, home, trust.view());
  Ledger ledger = Ledger::open(home + "/" + kLedgerName, clock);
  reset_for_restore(ledger, result.incarnation, versions_without_files(ledger));
  for (const PackageRow& package : PackageBook(ledger).list()) {
    if (package.no_source || package.stored_version != 0) continue;
    (package.id.origin() == result.head.code ? result.to_add : result.to_receive)
        .push_back(package.id);
  }
  make_dirs(fs, outbox_of(home));
  Store::open(fs, home + "/store", Store::Access::write);
}

}  // namespace

BackupResult back_up_home(Home& home, const std::string& file, const std::string& program,
                          const ProgressSink& progress) {
  FileSystem& fs = home.fs();
  const Fd dir = open_dir(fs, home.path());
  const std::filesystem::path target(file);
  const std::string folder = target.parent_path().empty() ? "." : target.parent_path().string();
  const Fd target_dir = open_dir(fs, folder);
  const std::string name = target.filename().string();
  if (name.empty()) {
    throw Error(ErrorCode::usage, "backup '" + escaped(file) + "'", "is a folder, not a file")
        .with_hint("name the file to write");
  }
  if (fs.stat_at(target_dir, name)) {
    throw Error(ErrorCode::not_allowed, "backup " + file, "exists already")
        .with_hint("nothing is ever overwritten: move it away or choose another name");
  }

  // The ledger first: a `site join` in between then leaves what a crash in it would, a site that is
  // trusted and has no row yet, which joining again mends; not a row without keys.
  const Removed copy(fs, dir, kLedgerCopy);
  home.ledger().copy_to(home.path() + "/" + kLedgerCopy);
  home.trust().reload();
  const Bytes trust = home.trust().copy_of_file();
  const Secret keys = home.keys().copy_of_file();

  BackupHead head;
  head.code = home.keys().code();
  head.name = home.keys().name();
  head.incarnation = home.keys().incarnation();
  head.created = from_seconds(to_seconds(home.clock().now()));
  head.program = program;
  head.part(BackupPart::keys) = part_of(keys.view());
  head.part(BackupPart::trust_list) = part_of(trust);
  Hasher hasher(DigestKind::backup);
  for_each_block(fs, dir, kLedgerCopy, [&](ByteView bytes) {
    hasher.update(bytes);
    head.part(BackupPart::ledger).size += bytes.size();
  });
  head.part(BackupPart::ledger).digest = hasher.finish();

  BackupResult result;
  DurableFile out(fs, target_dir, name, 0600);
  out.write(head.encode());
  out.write(keys.view());
  out.write(trust);
  for_each_block(fs, dir, kLedgerCopy, [&](ByteView bytes) {
    out.write(bytes);
    report(progress, {"writing", name, out.size(), head.size_of_parts(), 0, 2});
  });
  result.file_bytes = out.size();
  out.commit(Replace::never);
  try {
    BackupReader written(fs, file);
    written.drop_cache();
    written.check(progress);
  } catch (const Error& e) {
    fs.unlink_at(target_dir, name);
    throw Error(ErrorCode::device, "backup " + file,
                fmt::format("what was read back is not what was written: {}", e.happened()))
        .with_hint("write it to another medium; do not use this one");
  }
  result.head = std::move(head);
  result.has_passphrase = home.keys().has_passphrase();
  return result;
}

RestoreResult restore_home(FileSystem& fs, const Clock& clock, Entropy& entropy,
                           const std::string& home, const std::string& file,
                           const ProgressSink& progress) {
  BackupReader backup(fs, file);
  backup.check(progress);
  RestoreResult result;
  result.head = backup.head();
  const Secret keys = backup.read_small(BackupPart::keys, kMaxKeyFileSize);
  result.incarnation = KeyRing::next_incarnation(keys.view(), entropy);

  const Fd dir = make_dirs(fs, home);
  const HomeLock lock(fs, home, "site restore");
  require_empty(fs, dir, home);
  require_space(fs, dir, home, result.head);
  write_durably(fs, dir, kMarker, as_bytes("made by 'courier site restore'; run it again\n"),
                Replace::always);
  try {
    remove_remains(fs, dir);
    restore_records(fs, clock, home, dir, backup, result, progress);
    const KeyRing ring =
        KeyRing::restore(fs, home, keys.view(), result.incarnation, entropy, clock);
    result.has_passphrase = ring.has_passphrase();
  } catch (...) {
    // As if nothing had been begun, as far as this is still possible; else the marker stays and the
    // same command begins again.
    try {
      remove_remains(fs, dir);
      fs.unlink_at(dir, kMarker);
    } catch (const Error&) {
    }
    throw;
  }
  fs.unlink_at(dir, kMarker);
  fs.sync(dir);
  return result;
}

}  // namespace courier
