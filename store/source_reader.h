// Source reader: walks a folder in order (or takes one file, or one stream), reads its files once
// and cuts them, and hands it all on as batches of about a megabyte, so that the stages after it
// need not know of files.
//
// No link is followed on the way, nothing is ever opened twice by its path, and what changes while
// it is read is noticed: by size, modification and change time before and after (files are tried
// twice). Order: depth first, names by bytes; a folder's own entry comes after its content.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file_system.h"
#include "base/safe_path.h"
#include "store/chunker.h"
#include "store/reports.h"
#include "store/source_prefetch.h"
#include "store/tree.h"

namespace courier {

// A chunk of the file under way: bytes [offset, offset + size) of the batch.
struct Piece {
  std::uint32_t offset = 0, size = 0;
  Digest digest;  // set by the stage that computes it
};
struct FileDone {  // the pieces since the last file were its content
  TreeEntry entry;
};
struct FileAgain {};  // forget the pieces since the last file
struct FolderBegin {};
struct FolderDone {
  TreeEntry entry;
};
struct LinkDone {
  TreeEntry entry;
};
using SourceStep = std::variant<Piece, FileDone, FileAgain, FolderBegin, FolderDone, LinkDone>;

inline constexpr std::size_t kBatchBytes = 1u << 20;
inline constexpr std::size_t kBatchCapacity = kBatchBytes + kMaxChunk;
inline constexpr std::size_t kBatchSteps = 4096;

struct SourceBatch {
  std::unique_ptr<std::uint8_t[]> data;  // kBatchCapacity bytes, not cleared
  std::size_t size = 0;
  std::vector<SourceStep> steps;
};

// Bounded lists of what is to be said by name.
struct SourceFindings {
  std::vector<Named> odd, unreadable;
  std::uint64_t odd_count = 0, unreadable_count = 0;
};

// Whether nothing was written to a file or folder between two looks at it.
bool same_state(const struct stat& a, const struct stat& b);

// "fifo": what an entry is that no package holds.
std::string_view word_of(mode_t mode);

// "2 of its entries cannot be read: closed (...), sub/secret (...)".
std::string unreadable_text(const SourceFindings& findings);

class SourceReader {
 public:
  using Push = std::function<void(SourceBatch)>;
  // amend: see SnapshotOptions.
  SourceReader(FileSystem& fs, bool skip_unreadable, Push push, AmendEntry amend = {});
  // Errors: not_found, usage (neither folder nor file), not_allowed (changed while it was read),
  // device (cannot be read, unless skipped).
  void run(const std::string& source);
  // A stream that is read to its end and becomes a file, alone in its folder.
  // Errors: damaged, a name that no file can have; device, it cannot be read.
  void run_stream(const Fd& stream, const StreamName& named);
  const SourceFindings& findings() const { return findings_; }

 private:
  void read_folder(const Fd& dir, const struct stat& before, const SafePath& path,
                   const std::string& name);
  void read_entry(const Fd& dir, const DirEntry& entry, const SafePath& path);
  void read_link(const Fd& dir, const std::string& name, const SafePath& path);
  void read_subfolder(const Fd& dir, const std::string& name, const SafePath& path);
  void open_and_read_file(const Fd& dir, const std::string& name, const SafePath& path);
  void read_file(const Fd& file, const std::string& name, const SafePath& path);
  // The folder around a single file.
  void finish_folder_of_one(std::int64_t mtime, std::uint32_t mtime_ns);
  // Cuts the content into pieces; returns how many bytes there were. read: the next bytes, from
  // the offset; 0 at the end. stated_size: where it is known to end.
  using ReadAt = std::function<std::size_t(MutableByteView out, std::uint64_t offset)>;
  std::uint64_t read_content(const ReadAt& read, std::uint64_t stated_size);
  TreeEntry entry_of(const Fd& fd, const struct stat& status, EntryType type,
                     const std::string& name, const SafePath& path);
  void step(SourceStep step);
  void pass_on();
  void odd(const SafePath& path, std::string what);
  void unreadable(const SafePath& path, std::string what);

  FileSystem& fs_;
  const bool skip_unreadable_;
  const Push push_;
  const AmendEntry amend_;
  SourceBatch batch_;
  SourceFindings findings_;
  std::string source_;
  std::optional<SourcePrefetch> prefetch_;  // of a folder
  bool cannot_skip_ = false;
  bool reading_ = true;  // false once something unreadable ends the snapshot: only names follow
  // Where the files with several names were met first. Grows with their number only.
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
};

// Bytes of the files in source, for progress; what cannot be read counts as nothing.
std::uint64_t count_source_bytes(FileSystem& fs, const std::string& source);

}  // namespace courier
