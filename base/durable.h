// Durable files: the one function that does write, fsync, rename, fsync of the folder; folders that
// are there after a crash; temporary names that a sweep may remove.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/write_behind.h"

namespace courier {

enum class Replace { never, always };

// Opens an existing folder for use as `dir`. Errors: not_found, device.
Fd open_dir(FileSystem& fs, const std::string& path);

// Makes path and its missing parents, each synced into its parent, and opens it.
Fd make_dirs(FileSystem& fs, const std::string& path, mode_t mode = 0700);

// Writes name beneath dir so that after a crash it is either absent (or as before) or whole.
// Errors: not_allowed when it exists and replace is never; no_space, device. Ensures: after a
// failure the name is as before (or, when only the last sync of the folder failed, holds the new
// content whole), and no temporary file is left but one that sweep_temporary removes.
void write_durably(FileSystem& fs, const Fd& dir, const std::string& name, ByteView data,
                   Replace replace, mode_t mode = 0600);

// A file that gets its name only when complete: made under a temporary name, committed once.
// Thread-compatible; fs and dir must outlive it.
class DurableFile {
 public:
  // name: one component. Errors: no_space, device.
  DurableFile(FileSystem& fs, const Fd& dir, std::string name, mode_t mode = 0600);
  DurableFile(FileSystem& fs, Fd&& dir, std::string name, mode_t mode = 0600) = delete;
  DurableFile(const DurableFile&) = delete;
  ~DurableFile();  // removes the temporary file unless committed
  const Fd& fd() const { return fd_; }
  const std::string& temporary_name() const { return temporary_; }  // until commit
  void write(ByteView data);
  std::uint64_t size() const { return size_; }  // written so far
  // Synced, renamed, folder synced. Errors: not_allowed when the name exists and replace is never.
  void commit(Replace replace);

 private:
  FileSystem& fs_;
  const Fd& dir_;
  std::string name_, temporary_;
  Fd fd_;
  WriteBehind behind_;
  std::uint64_t size_ = 0;
  bool committed_ = false;
};

// Temporary names are ".tmp-" and something unique.
std::string new_temporary_name();
bool is_temporary_name(std::string_view name);
// Removes files with temporary names directly in dir; returns how many. Only under the home's lock.
std::size_t sweep_temporary(FileSystem& fs, const Fd& dir);

// The whole of a file of at most max_size bytes. Errors: damaged when it is larger.
Bytes read_file(FileSystem& fs, const Fd& dir, std::string_view path, std::uint64_t max_size);
Bytes read_file(FileSystem& fs, const std::string& path, std::uint64_t max_size);

// Removes what path names beneath dir, folders with all below them; nothing there is no error.
// Never follows a link.
void remove_tree(FileSystem& fs, const Fd& dir, std::string_view path);

}  // namespace courier
