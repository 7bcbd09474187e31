// Backup and restore of a home: `site backup FILE` and `site restore FILE`.
//
// A restored site is a new incarnation: its counters begin anew, other sites void what the former
// one proved, and parcels on the road are planned again (behaviours.md rule 3; the
// ledger's part is ledger/restore.h). The store of a restored home is empty, so no version
// with files counts as stored until its source is added again, or a parcel or a parent brings it.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "courier/backup_file.h"
#include "courier/home.h"

namespace courier {

struct BackupResult {
  BackupHead head;
  std::uint64_t file_bytes = 0;
  bool has_passphrase = false;  // else the file holds the keys in clear
};

// Writes a backup of the home to `file`, mode 0600, and reads it back past the page cache before it
// returns. Precondition: the home's lock is held. Errors: not_allowed, when the file exists;
// no_space, device (also when what was read back differs).
// Ensures: after a failure no file has that name.
BackupResult back_up_home(Home& home, const std::string& file, const std::string& program,
                          const ProgressSink& progress = {});

struct RestoreResult {
  BackupHead head;
  Incarnation incarnation;            // the new one
  std::vector<PackageId> to_add;      // packages of this site, whose sources must be added again
  std::vector<PackageId> to_receive;  // others' packages, which come again with a parcel
  bool has_passphrase = false;
};

// Makes `home` the site of the backup. The whole backup is checked before anything is written.
// Errors: not_allowed, when the home is not empty; damaged, naming the part; unsupported,
// newer_ledger; no_space, device; busy.
// Ensures: after a failure or a crash the home is no site, and the same command begins again: a
// marker made first and removed last says that what is there is an unfinished restore, and the
// keys, without which a folder is no home, are written when all the rest is durable.
RestoreResult restore_home(FileSystem& fs, const Clock& clock, Entropy& entropy,
                           const std::string& home, const std::string& file,
                           const ProgressSink& progress = {});

}  // namespace courier
