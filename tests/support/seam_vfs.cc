#include "tests/support/seam_vfs.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <new>

#include "base/error.h"

namespace courier::test {
namespace {

struct SeamFile {
  sqlite3_file base;
  SeamVfs* owner;
  Fd fd;
  std::string sync_folder;  // of a new journal: synced with its first sync
  sqlite3_file* locks;      // the kernel's VFS's own; null for a temporary file
};

SeamFile& of(sqlite3_file* file) { return *reinterpret_cast<SeamFile*>(file); }
SeamVfs& of(sqlite3_vfs* vfs) { return *static_cast<SeamVfs*>(vfs->pAppData); }

// Does it; what SQLite is told when it fails.
template <typename Work>
int told(int io_error, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    return error.code() == ErrorCode::no_space ? SQLITE_FULL : io_error;
  }
}

int close_file(sqlite3_file* raw) {
  SeamFile& file = of(raw);
  if (file.locks != nullptr) {
    if (file.locks->pMethods != nullptr) file.locks->pMethods->xClose(file.locks);
    sqlite3_free(file.locks);
  }
  file.~SeamFile();
  return SQLITE_OK;
}

int read_file(sqlite3_file* raw, void* to, int size, sqlite3_int64 offset) {
  return told(SQLITE_IOERR_READ, [&] {
    const MutableByteView out(static_cast<std::uint8_t*>(to), static_cast<std::size_t>(size));
    std::size_t done = 0;
    while (done < out.size()) {
      const std::size_t n = of(raw).owner->fs().pread(of(raw).fd, out.subspan(done),
                                                      static_cast<std::uint64_t>(offset) + done);
      if (n == 0) break;
      done += n;
    }
    if (done == out.size()) return SQLITE_OK;
    std::memset(out.data() + done, 0, out.size() - done);
    return SQLITE_IOERR_SHORT_READ;
  });
}

int write_file(sqlite3_file* raw, const void* from, int size, sqlite3_int64 offset) {
  return told(SQLITE_IOERR_WRITE, [&] {
    const ByteView data(static_cast<const std::uint8_t*>(from), static_cast<std::size_t>(size));
    of(raw).owner->fs().pwrite(of(raw).fd, data, static_cast<std::uint64_t>(offset));
    return SQLITE_OK;
  });
}

int truncate_file(sqlite3_file* raw, sqlite3_int64 size) {
  return told(SQLITE_IOERR_TRUNCATE, [&] {
    of(raw).owner->fs().truncate(of(raw).fd, static_cast<std::uint64_t>(size));
    return SQLITE_OK;
  });
}

void sync_folder(FileSystem& fs, const std::string& folder) {
  fs.sync(fs.open(folder, O_RDONLY | O_DIRECTORY));
}

int sync_file(sqlite3_file* raw, int) {
  SeamFile& file = of(raw);
  return told(SQLITE_IOERR_FSYNC, [&] {
    file.owner->fs().sync(file.fd);
    if (!file.sync_folder.empty()) sync_folder(file.owner->fs(), file.sync_folder);
    file.sync_folder.clear();
    return SQLITE_OK;
  });
}

int size_of_file(sqlite3_file* raw, sqlite3_int64* size) {
  return told(SQLITE_IOERR_FSTAT, [&] {
    *size = of(raw).owner->fs().stat(of(raw).fd).st_size;
    return SQLITE_OK;
  });
}

int lock_file(sqlite3_file* raw, int level) {
  sqlite3_file* const locks = of(raw).locks;
  return locks == nullptr ? SQLITE_OK : locks->pMethods->xLock(locks, level);
}

int unlock_file(sqlite3_file* raw, int level) {
  sqlite3_file* const locks = of(raw).locks;
  return locks == nullptr ? SQLITE_OK : locks->pMethods->xUnlock(locks, level);
}

int check_lock(sqlite3_file* raw, int* held) {
  sqlite3_file* const locks = of(raw).locks;
  *held = 0;
  return locks == nullptr ? SQLITE_OK : locks->pMethods->xCheckReservedLock(locks, held);
}

int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

const sqlite3_io_methods kMethods = {
    1,         close_file,  read_file,  write_file,   truncate_file, sync_file,       size_of_file,
    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, nullptr,
    nullptr,   nullptr,     nullptr,    nullptr,      nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* raw, int flags, int* out_flags) {
  raw->pMethods = nullptr;
  SeamVfs& owner = of(vfs);
  auto* const file = new (raw) SeamFile{};
  file->owner = &owner;
  const int result = told(SQLITE_CANTOPEN, [&] {
    if (name == nullptr) {
      file->fd = Fd(::memfd_create("sqlite", MFD_CLOEXEC));
      return file->fd ? SQLITE_OK : SQLITE_CANTOPEN;
    }
    const bool create = (flags & SQLITE_OPEN_CREATE) != 0;
    const bool writes = (flags & SQLITE_OPEN_READWRITE) != 0;
    const bool there = std::filesystem::exists(name);
    file->fd = owner.fs().open(name, (writes ? O_RDWR : O_RDONLY) | (create ? O_CREAT : 0), 0644);
    if (!there && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0) {
      file->sync_folder = std::filesystem::path(name).parent_path().string();
    }
    if (out_flags != nullptr) *out_flags = flags;
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return SQLITE_OK;
    sqlite3_vfs& kernel = owner.kernel();
    file->locks = static_cast<sqlite3_file*>(sqlite3_malloc(kernel.szOsFile));
    return kernel.xOpen(&kernel, name, file->locks, flags, nullptr);
  });
  if (result != SQLITE_OK) {
    close_file(raw);
    return result;
  }
  raw->pMethods = &kMethods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync) {
  return told(SQLITE_IOERR_DELETE, [&]() -> int {
    FileSystem& fs = of(vfs).fs();
    const std::filesystem::path path(name);
    const Fd dir = fs.open(path.parent_path().string(), O_RDONLY | O_DIRECTORY);
    if (!fs.stat_at(dir, path.filename().string())) return SQLITE_IOERR_DELETE_NOENT;
    fs.unlink_at(dir, path.filename().string());
    if (sync != 0) fs.sync(dir);
    return SQLITE_OK;
  });
}

}  // namespace

SeamVfs::SeamVfs(FileSystem& fs) : fs_(fs), kernel_(sqlite3_vfs_find(nullptr)), vfs_(*kernel_) {
  vfs_.pNext = nullptr;
  vfs_.zName = "seam";
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(SeamFile));
  vfs_.xOpen = open_file;
  vfs_.xDelete = delete_file;
  sqlite3_vfs_register(&vfs_, 1);
}

SeamVfs::~SeamVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(kernel_, 1);
}

}  // namespace courier::test
