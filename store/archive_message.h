// Archive messages: what the confined child that unpacks an archive tells its parent, and nothing
// else comes from it. Each is framed by its length (u32); its bytes are hostile once the child has
// seen the archive.
//
// An archive is entries in order: an ArchiveEntry, for a file its content as ArchiveData, and
// ArchiveBroken when it cannot be read to its end. ArchiveEnd or ArchiveFault is the last message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace courier {

inline constexpr std::size_t kMaxArchiveData = 256 * 1024;  // content in one message
inline constexpr std::size_t kMaxArchiveText = 1024;        // a remark of the child
inline constexpr std::size_t kMaxArchiveName = 64 * 1024;   // as it stands in the archive
inline constexpr std::size_t kMaxArchiveMessage = 512 * 1024;

struct ArchiveTime {
  std::int64_t seconds = 0;  // since 1970
  std::uint32_t nanoseconds = 0;
  auto operator<=>(const ArchiveTime&) const = default;
};

struct ArchiveEntry {
  enum class Type : std::uint8_t { file = 1, folder = 2, symlink = 3, hardlink = 4, other = 5 };
  using Time = ArchiveTime;
  Type type = Type::file;
  std::string name;        // raw bytes, not yet judged
  std::string target;      // of a link, likewise
  std::uint16_t mode = 0;  // 07777
  std::optional<Time> mtime;
  std::optional<std::uint64_t> size;  // of a file, where the archive says it
  // user.* only; one more than an entry may have when there are too many, or they are too large.
  std::vector<std::pair<std::string, Bytes>> xattrs;
  std::string remark;  // not empty: the reader is not sure that this is the entry; of `other`: what
                       // it is
  bool operator==(const ArchiveEntry&) const = default;
};
// The bytes of the file at an offset; what is left out between them is a hole.
struct ArchiveData {
  std::uint64_t offset = 0;
  ByteView bytes;  // of the message
};
struct ArchiveBroken {  // the entry before cannot be read; the next ones can
  std::string what;
};
struct ArchiveFault {  // nothing more can be read
  enum class Kind : std::uint8_t { no_archive = 1, encrypted = 2, damaged = 3 };
  Kind kind = Kind::damaged;
  std::string what;
};
struct ArchiveEnd {};

using ArchiveMessage =
    std::variant<ArchiveEntry, ArchiveData, ArchiveBroken, ArchiveFault, ArchiveEnd>;

// Texts are cut to their limits, names and targets too (beyond it no name is safe anyway).
// Precondition: data of at most kMaxArchiveData bytes.
Bytes encode(const ArchiveMessage& message);
// message: as long as the result's data is used. Errors: damaged.
ArchiveMessage decode_archive_message(ByteView message);

}  // namespace courier
