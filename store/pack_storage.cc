#include "store/pack_storage.h"

#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <list>
#include <mutex>

#include "base/error.h"
#include "base/write_behind.h"

namespace courier {

namespace {

constexpr std::size_t kOpenPacks = 16;
constexpr std::string_view kSuffix = ".pack";

std::string subfolder_of(const Digest& pack) { return pack.hex().substr(0, 2); }
std::string name_of(const Digest& pack) { return pack.hex() + std::string(kSuffix); }
std::string path_of(const Digest& pack) { return subfolder_of(pack) + "/" + name_of(pack); }

bool is_subfolder(const DirEntry& entry) {
  return entry.name.size() == 2 &&
         entry.name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// The digest that a file name states, if it is a pack's.
bool parse_name(const std::string& name, Digest& out) {
  if (name.size() != 64 + kSuffix.size() || !name.ends_with(kSuffix)) return false;
  const std::string hex = name.substr(0, 64);
  if (hex.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
  out = Digest::from_hex(hex);
  return true;
}

// Written beside the others under a temporary name; the folder it goes to is known only with its
// digest, so it is linked there by rename.
class FolderPackSink final : public PackSink {
 public:
  // replaced: told of a pack whose file of before must not be read any more.
  FolderPackSink(FileSystem& fs, const Fd& dir, std::string temporary,
                 std::function<void(const Digest&)> replaced)
      : fs_(fs), dir_(dir), temporary_(std::move(temporary)), replaced_(std::move(replaced)) {
    fd_ = fs_.open_at(dir_, temporary_, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }
  ~FolderPackSink() override {
    if (committed_) return;
    try {
      fs_.unlink_at(dir_, temporary_);
    } catch (const Error&) {
      // The next sweep removes it.
    }
  }
  void write(ByteView data) override {
    fs_.write(fd_, data);
    behind_.wrote(fs_, fd_, data.size());
  }
  void commit(const Digest& name) override {
    fs_.sync(fd_);
    const std::string subfolder = subfolder_of(name);
    if (!fs_.stat_at(dir_, subfolder)) {
      fs_.make_dir_at(dir_, subfolder, 0700);
      fs_.sync(dir_);
    }
    const Fd target = fs_.open_at(dir_, subfolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    fs_.rename_at(dir_, temporary_, target, name_of(name), 0);
    committed_ = true;
    replaced_(name);
    fs_.sync(target);
  }

 private:
  FileSystem& fs_;
  const Fd& dir_;
  std::string temporary_;
  std::function<void(const Digest&)> replaced_;
  Fd fd_;
  WriteBehind behind_;
  bool committed_ = false;
};

}  // namespace

struct FolderPackStorage::Impl {
  FileSystem& fs;
  Fd dir;
  std::mutex mutex;  // guards what follows
  struct Open {
    Digest pack;
    Fd fd;
  };
  // Most recently used first. Shared with a reader that is using it while others push it out.
  std::list<std::shared_ptr<Open>> open;

  void forget(const Digest& pack) {
    std::lock_guard lock(mutex);
    open.remove_if([&](const auto& o) { return o->pack == pack; });
  }

  std::shared_ptr<Open> get(const Digest& pack) {
    std::lock_guard lock(mutex);
    const auto found =
        std::find_if(open.begin(), open.end(), [&](const auto& o) { return o->pack == pack; });
    if (found != open.end()) {
      open.splice(open.begin(), open, found);
    } else {
      auto opened = std::make_shared<Open>();
      opened->pack = pack;
      opened->fd = fs.open_at(dir, path_of(pack), O_RDONLY | O_CLOEXEC, 0);
      open.push_front(std::move(opened));
      if (open.size() > kOpenPacks) open.pop_back();
    }
    return open.front();
  }
};

FolderPackStorage::FolderPackStorage(FileSystem& fs, const std::string& dir)
    : impl_(new Impl{fs, make_dirs(fs, dir), {}, {}}) {}

FolderPackStorage::~FolderPackStorage() = default;

std::unique_ptr<PackSink> FolderPackStorage::create() {
  return std::make_unique<FolderPackSink>(impl_->fs, impl_->dir, new_temporary_name(),
                                          [this](const Digest& pack) { impl_->forget(pack); });
}

void FolderPackStorage::read(const Digest& pack, std::uint64_t offset, MutableByteView out) {
  const auto open = impl_->get(pack);
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t n = impl_->fs.pread(open->fd, out.subspan(done), offset + done);
    if (n == 0) {
      throw Error(ErrorCode::damaged, "pack " + pack.brief(),
                  "ends at byte " + std::to_string(offset + done));
    }
    done += n;
  }
}

std::uint64_t FolderPackStorage::size(const Digest& pack) {
  const auto stat = impl_->fs.stat_at(impl_->dir, path_of(pack));
  if (!stat) throw Error(ErrorCode::not_found, "pack " + pack.brief(), "is not in the store");
  return static_cast<std::uint64_t>(stat->st_size);
}

std::vector<Digest> FolderPackStorage::list() {
  std::vector<Digest> packs;
  for (const auto& entry : impl_->fs.list(impl_->dir)) {
    if (!is_subfolder(entry)) continue;
    const Fd sub = impl_->fs.open_at(impl_->dir, entry.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    for (const auto& file : impl_->fs.list(sub)) {
      Digest digest;
      if (parse_name(file.name, digest)) packs.push_back(digest);
    }
  }
  std::sort(packs.begin(), packs.end());
  return packs;
}

void FolderPackStorage::remove(const Digest& pack) {
  impl_->forget(pack);
  if (!impl_->fs.stat_at(impl_->dir, path_of(pack))) return;
  const Fd sub =
      impl_->fs.open_at(impl_->dir, subfolder_of(pack), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  impl_->fs.unlink_at(sub, name_of(pack));
  impl_->fs.sync(sub);
}

std::size_t FolderPackStorage::sweep() { return sweep_temporary(impl_->fs, impl_->dir); }

SpaceInfo FolderPackStorage::space() { return impl_->fs.space(impl_->dir); }

}  // namespace courier
