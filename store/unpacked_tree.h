// Unpacked tree: writes what an archive's reader tells of it into a folder, under our own rules.
// Nothing that it is told is believed: the reader took a hostile archive apart.
//
// Rules. A name is made plain ("./a//b/" is a/b) and then must be a SafePath; one that is absolute,
// leads out through "..", holds a NUL or passes through a link or a file ends the unpacking, and so
// does a name that came before, be it of what was left out (only a folder may be named again; the
// later mode and time count). Names that differ in case are different names. A hard link must lead
// to a file or a symbolic link that came before it in the same archive. A symbolic link's target is
// data. Files have exactly the size that the archive says, where it says one. Devices and their
// like are named and left out. What the reader is not sure of is unreadable: an error, or left out
// by name when that was asked for.
//
// What is told costs the reader something, or is refused: all content counts for the limit, also
// what is left out, and what must be remembered of entries has a limit of its own.
//
// What lies in the folder can be read and removed by this user whatever the archive says: modes and
// times that would be in the way are kept aside, and told to the snapshot (amend).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file_system.h"
#include "base/safe_path.h"
#include "store/archive_message.h"
#include "store/source_reader.h"

namespace courier {

struct UnpackOptions {
  bool skip_unreadable = false;
  std::uint64_t max_bytes = UINT64_MAX;    // of all content, holes included
  std::uint64_t max_entries = 10'000'000;  // a bomb of empty files
  std::uint64_t room = UINT64_MAX;         // on the disk, for what is written: holes are not
  std::uint64_t max_noted = 128u << 20;    // in memory: some 600,000 folders
};

class UnpackedTree {
 public:
  // into: an empty folder; fs and into must outlive this. archive: for messages.
  UnpackedTree(FileSystem& fs, const Fd& into, std::string archive, const UnpackOptions& options);

  // Errors for all: damaged, naming the entry by number and name, when a rule is broken;
  // not_allowed, when it grows beyond a limit; no_space, also when it grows beyond the room;
  // device.
  void begin(const ArchiveEntry& entry);
  void content(const ArchiveData& data);
  void broken(const std::string& what);
  // Errors besides: damaged, with all that was unreadable, unless it may be left out, and when
  // there was no entry at all.
  void finish();

  const SourceFindings& findings() const { return findings_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t entries() const { return number_; }
  // The mode and time that the archive says, for an entry as it was read from the folder.
  void amend(const SafePath& path, TreeEntry& entry) const;
  // An error about the archive: "archive x.zip: entry 3, setup/run.sh: what".
  Error error(ErrorCode code, std::string_view what) const;

 private:
  struct Kept {
    std::optional<std::uint16_t> mode;
    std::optional<ArchiveEntry::Time> time;
    bool is_timeless = false;  // gets the latest time of all
  };
  struct OpenFile {
    Fd parent, fd;
    std::uint16_t mode = 0;
    std::optional<ArchiveEntry::Time> mtime;
    std::optional<std::uint64_t> size;
    std::uint64_t end = 0, written_to = 0;
  };
  enum class Content : std::uint8_t { none, taken, ignored, broken };

  SafePath path_of_name(std::string_view name) const;
  Kept& keep(const SafePath& path);
  void leave_out(const SafePath& path, bool is_folder);
  void note(const SafePath& path);
  Error came_before() const;
  Error no_folder_on_the_way() const;
  Fd open_parent(const SafePath& path);
  void make_folder(const SafePath& path, const ArchiveEntry& entry);
  void make_file(const SafePath& path, const ArchiveEntry& entry);
  void make_symlink(const SafePath& path, const ArchiveEntry& entry);
  void make_hardlink(const SafePath& path, const ArchiveEntry& entry);
  std::optional<struct stat> status_of(const SafePath& path);
  void set_attributes(const Fd& fd, const SafePath& path, const ArchiveEntry& entry);
  void end_file();
  void drop_file();
  void count_bytes(std::uint64_t more);
  void odd(const SafePath& path, std::string what);
  void unreadable(const SafePath& path, std::string what, bool is_folder = false);

  FileSystem& fs_;
  const Fd& into_;
  const std::string archive_;
  const UnpackOptions options_;
  SourceFindings findings_;
  std::uint64_t number_ = 0, bytes_ = 0;  // entries begun; content
  std::string name_;                      // of the entry under way, raw
  SafePath path_;
  std::optional<OpenFile> file_;
  Content content_ = Content::none;  // what may come of it now
  bool is_empty_told_ = false;       // a message without bytes came
  std::map<std::string, Kept> kept_;
  std::map<std::string, bool> left_out_;  // and whether it is a folder
  std::uint64_t noted_ = 0;               // bytes that both take
  std::uint64_t written_ = 0;             // bytes of content, not of holes
  ArchiveEntry::Time latest_;
  bool has_time_ = false;
};

}  // namespace courier
