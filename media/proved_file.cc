#include "media/proved_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include <optional>

#include "base/durable.h"
#include "media/medium_errors.h"

namespace courier {

namespace {

// Removes what killed copies left: temporary files whose writer no longer holds its lock.
void sweep_abandoned(FileSystem& fs, const Fd& dir) {
  for (const DirEntry& entry : fs.list(dir)) {
    if (entry.type != DT_REG || !is_temporary_name(entry.name)) continue;
    try {
      const Fd file = fs.open_at(dir, entry.name, O_RDONLY);
      if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) fs.unlink_at(dir, entry.name);
    } catch (const Error&) {
      // Another user's: it takes room, and does no other harm.
    }
  }
}

// Errors while the file has a temporary name still say which parcel it is.
template <typename Call>
void named(const std::string& name, Call call) {
  try {
    call();
  } catch (Error& error) {
    error.in("writing " + escaped(name));
    throw;
  }
}

}  // namespace

ProvedFile write_proved_file(FileSystem& fs, const Fd& dir, const VolumeBytes& from,
                             const std::string& name, const ProgressSink& progress,
                             const Quirks& quirks, DigestedPart digested, const Wait& wait) {
  const ProgressEvent writing{"writing", name, 0, 0, 0, 2};
  const ProgressEvent verifying{"verifying", name, 0, 0, 1, 2};
  ProvedFile proved;
  Written written;
  std::optional<DurableFile> file;
  std::string lies_under = name;
  const auto status = fs.stat_at(dir, name);
  proved.was_there = status.has_value();
  if (proved.was_there) {
    if (!S_ISREG(status->st_mode)) throw taken_error(path_of(dir, name));
    written = copy_with_checksums(from, {}, writing, progress);
    fs.sync(fs.open_at(dir, name, O_RDONLY | O_NONBLOCK));
  } else {
    require_may_write(dir);
    sweep_abandoned(fs, dir);
    file.emplace(fs, dir, name, 0644);
    ::flock(file->fd().get(), LOCK_EX | LOCK_NB);
    lies_under = file->temporary_name();
    named(name, [&] {
      const ByteSink to = [&file](ByteView block) { file->write(block); };
      written = copy_with_checksums(from, to, writing, progress);
      report(progress, {"flushing", name, written.size, written.size, 0, 2});
      fs.sync(file->fd());
    });
  }
  if (quirks.settle_seconds > 0) wait(quirks.settle_seconds);
  const ReadBack proof =
      read_back(fs, dir, lies_under, written, verifying, progress, quirks, digested);
  if (!proof.same && proved.was_there) throw taken_error(path_of(dir, name));
  if (!proof.same) throw spoilt_error("medium " + path_of(dir), name, proof, written.size);
  if (file) {
    named(name, [&] { file->commit(Replace::never); });
    if (quirks.settle_seconds > 0) wait(quirks.settle_seconds);  // for the name, too
  }
  proved.size = written.size;
  proved.digest = proof.digest;
  proved.direct = proof.direct;
  return proved;
}

}  // namespace courier
