// Backup file: what a site cannot make again, in one file: its keys, its trust list and its ledger
// (which holds the settings). The content store is not in it: its content is added or sent again.
//
// Bytes: a head, which is a checked file (signer/checked_file.h) of the magic "PCLBKUP\n", version
// 1, at most 4 KiB: 3 bytes site code, text name, u32 incarnation ordinal, 16 bytes incarnation,
// i64 zigzag creation time in seconds, text version of the program; then for each part u64 size and
// 32 bytes digest (backup). The parts follow, in this order and with nothing between or after:
// keys, trust list, ledger. So the file checks itself, and what is damaged has a name. It holds the
// keys as the home does, in clear unless they have a passphrase: mode 0600, to be kept like the
// home.
#pragma once

#include <array>
#include <functional>
#include <string>

#include "base/clock.h"
#include "base/digest.h"
#include "base/durable.h"
#include "base/file_system.h"
#include "base/progress.h"
#include "base/secret.h"
#include "base/vocabulary.h"

namespace courier {

enum class BackupPart { keys, trust_list, ledger };
inline constexpr std::array kBackupParts = {BackupPart::keys, BackupPart::trust_list,
                                            BackupPart::ledger};
std::string_view word(BackupPart);  // "keys", "trust list", "ledger"

struct BackupHead {
  struct Part {
    std::uint64_t size = 0;
    Digest digest;
  };
  SiteCode code;
  std::string name;
  Incarnation incarnation;  // when it was made
  Time created;
  std::string program;  // version that made it
  std::array<Part, kBackupParts.size()> parts;

  const Part& part(BackupPart which) const { return parts.at(static_cast<std::size_t>(which)); }
  Part& part(BackupPart which) { return parts.at(static_cast<std::size_t>(which)); }
  std::uint64_t size_of_parts() const;

  Bytes encode() const;
  // Errors: damaged, unsupported (made by a newer courier).
  static BackupHead parse(ByteView bytes, const std::string& subject);
};

// Reads a backup; every part is checked while it is read.
class BackupReader {
 public:
  // Reads the head. Errors: not_found, device; damaged (no backup, or its head is), unsupported.
  BackupReader(FileSystem& fs, const std::string& path);
  BackupReader(FileSystem& fs, Fd file, std::string subject);

  const BackupHead& head() const { return head_; }
  // Gives the part to `take` in blocks of at most 1 MiB. Errors: damaged, naming the part: cut off,
  // or with changed bytes. What was given before must not be used then.
  void read(BackupPart part, const std::function<void(ByteView)>& take,
            const ProgressSink& progress = {});
  // A part of at most max_size bytes in wiped memory.
  Secret read_small(BackupPart part, std::size_t max_size);
  // All parts, and that nothing follows; keys and trust list are parsed too.
  void check(const ProgressSink& progress = {});
  // Makes the next read come from the device.
  void drop_cache() { fs_.drop_cache(file_); }

 private:
  void read_head();
  std::uint64_t offset_of(BackupPart part) const;

  FileSystem& fs_;
  Fd file_;
  std::string subject_;
  std::uint64_t head_size_ = 0;
  BackupHead head_;
};

}  // namespace courier
