// Trees: what a package version is made of. Entries, directory nodes, chunk lists and the root
// object, with their canonical encodings. Byte tables: store/OBJECTS.md.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/digest.h"

namespace courier {

inline constexpr std::size_t kMaxNodeEntries = 1024;
inline constexpr std::size_t kMaxLinkTarget = 4095;
inline constexpr std::size_t kMaxXattrBytes = 64 * 1024;  // names and values of one entry, together
inline constexpr std::size_t kMaxXattrs = 256;
inline constexpr std::uint8_t kMaxNodeLevel = 8;

enum class EntryType : std::uint8_t { file = 1, dir = 2, symlink = 3, hardlink = 4 };

// What a file's content digest names. A file of no bytes has none; a file that is one chunk names
// it; any other names the top node of its chunk list.
enum class ContentForm : std::uint8_t { none = 0, chunk = 1, list = 2 };

struct TreeEntry {
  std::string name;  // raw bytes; a SafeName, empty for the root folder itself
  EntryType type = EntryType::file;
  std::uint16_t mode = 0;  // permission bits, setuid, setgid, sticky: 07777
  std::int64_t mtime = 0;  // seconds since 1970
  std::uint32_t mtime_ns = 0;
  std::uint64_t size = 0;  // bytes of a file; entries of a dir; else 0
  ContentForm form = ContentForm::none;
  Digest content;      // of a file: see form; of a dir: its top directory node (zero if empty)
  std::string target;  // of a symlink: its bytes; of a hardlink: the earlier path from the root
  std::vector<std::pair<std::string, Bytes>> xattrs;  // user.*, sorted by name

  bool operator==(const TreeEntry&) const = default;
};

struct Totals {
  std::uint64_t files = 0;  // regular files; a hard link counts as link only
  std::uint64_t dirs = 0;   // without the root folder
  std::uint64_t symlinks = 0;
  std::uint64_t hardlinks = 0;
  std::uint64_t bytes = 0;  // content of the files
  bool operator==(const Totals&) const = default;
};

struct RootObject {
  TreeEntry folder;  // the root folder: type dir, no name
  Totals totals;
  bool operator==(const RootObject&) const = default;
};

struct ChunkRef {
  Digest digest;
  std::uint32_t size = 0;
  bool operator==(const ChunkRef&) const = default;
};

struct NodeRef {
  Digest digest;
  std::uint64_t size = 0;  // bytes of content below (chunk list), entries below (directory)
  bool operator==(const NodeRef&) const = default;
};

// A node is one of four: level 0 of a chunk list or a directory, or a level above either.
struct Node {
  enum class Kind : std::uint8_t { chunk_list = 1, directory = 2 };
  Kind kind = Kind::directory;
  std::uint8_t level = 0;
  std::vector<ChunkRef> chunks;    // chunk_list, level 0
  std::vector<TreeEntry> entries;  // directory, level 0
  std::vector<NodeRef> children;   // level 1 and above: nodes of level - 1, same kind
  bool operator==(const Node&) const = default;
};

Bytes encode(const Node& node);
Bytes encode(const RootObject& root);

// Errors: damaged, unless the bytes are the one canonical encoding of a node within the limits:
// names safe, sorted and different, sizes right, nothing left over.
Node decode_node(ByteView encoded);
// Errors: damaged; unsupported, when the object model's version is newer.
RootObject decode_root(ByteView encoded);

}  // namespace courier
