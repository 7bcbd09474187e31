// A file system that forgets, when the power is cut, what was not made durable: file content since
// the last sync of the file, names since the last sync of their folder.
//
// Changes are made for real at once and written down; power_cut() takes back those that no sync
// covered. A sync of a folder makes all its names durable, and of a rename both ends, as every file
// system with a journal does; a file's own sync covers its content and not its name. Modes, owners,
// times and attributes are not taken back.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/forwarding_file_system.h"

namespace courier::test {

// What becomes of the changes that no sync covered.
enum class Cut {
  forgets,  // all are gone
  empties,  // names are there, content is not: names are journalled, content waits
  tears,    // each write, and all the names, are there or not as a coin falls
};

class CrashFileSystem final : public ForwardingFileSystem {
 public:
  // Beneath root; the folders directly beneath it are file systems of their own to
  // sync_file_system. attic: a folder on the same file system, for what is taken away meanwhile.
  CrashFileSystem(FileSystem& real, std::string root, const std::string& attic);

  // Nothing may be open any more. seed: of the coin.
  void power_cut(Cut cut, unsigned seed = 1);
  // All that was done is durable now.
  void settle();
  // Changes that power_cut would take back.
  std::size_t unsynced() const { return files_.size() + names_.size(); }

  Fd open(const std::string& path, int flags, mode_t mode = 0600) override;
  Fd open_at(const Fd& dir, std::string_view path, int flags, mode_t mode = 0600) override;
  void write(const Fd& fd, ByteView data) override;
  void pwrite(const Fd& fd, ByteView data, std::uint64_t offset) override;
  void truncate(const Fd& fd, std::uint64_t size) override;
  void sync(const Fd& fd) override;
  void sync_file_system(const Fd& fd) override;
  void make_dir_at(const Fd& dir, std::string_view path, mode_t mode) override;
  void symlink_at(const Fd& dir, std::string_view path, const std::string& target) override;
  void link_at(const Fd& from_dir, std::string_view from, const Fd& to_dir,
               std::string_view to) override;
  bool rename_at(const Fd& from_dir, std::string_view from, const Fd& to_dir, std::string_view to,
                 unsigned flags = 0) override;
  void unlink_at(const Fd& dir, std::string_view path, bool is_dir = false) override;
  bool reflink(const Fd& from, const Fd& to) override;

 private:
  using Identity = std::pair<dev_t, ino_t>;
  struct Change {  // of a file's content
    std::uint64_t offset = 0;
    Bytes data;
    std::optional<std::uint64_t> size = {};  // truncated to it
  };
  struct File {
    Fd fd;
    std::string volume;
    Bytes durable;  // as it was at the last sync
    std::vector<Change> changes;
  };
  struct Name {  // of something in a folder, and its folder
    Fd dir;
    Identity folder;
    std::string name;
  };
  enum class Kind { made, removed, renamed, exchanged };
  struct NameChange {
    Kind kind;
    std::string volume;
    Name at;                               // what was made or removed, or the new name
    std::optional<Name> from = {};         // of a rename
    std::optional<Identity> inode = {};    // of what was made
    std::optional<std::string> kept = {};  // in the attic: what was removed or replaced
  };

  std::string volume_of(const Fd& fd) const;
  Name place(const Fd& dir, std::string_view path);
  std::optional<Identity> inode_of(const Name& name) const;
  File& file_of(const Fd& fd);
  void made(Name name, const std::string& volume);
  std::string to_attic(const Name& name);
  void from_attic(const std::string& kept, const Name& name);
  void undo(const NameChange& change);
  void write_at(const Fd& fd, ByteView data, std::uint64_t offset);

  const std::string root_;
  const Fd attic_;
  std::recursive_mutex mutex_;  // a change and its note are one
  std::map<Identity, File> files_;
  std::list<NameChange> names_;
  std::uint64_t next_ = 0;
};

}  // namespace courier::test
