#include "store/source_prefetch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/file_system.h"
#include "base/pipeline.h"

namespace courier {

namespace {

constexpr std::size_t kAhead = 256;  // files ahead of the reader, and so folders held open at most
constexpr std::size_t kThreads = 16;
constexpr off_t kBytes = 1 << 20;  // of one file; what is larger is read ahead by the kernel itself
constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kFile = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

struct Wanted {
  std::shared_ptr<const Fd> folder;  // of all its files
  std::string name;
};

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

std::vector<std::pair<std::string, unsigned char>> entries_of(const Fd& folder) {
  std::vector<std::pair<std::string, unsigned char>> entries;
  const std::unique_ptr<DIR, CloseDir> dir(::fdopendir(::openat(folder.get(), ".", kFolder)));
  if (!dir) return entries;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.emplace_back(name, entry->d_type);
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace

struct SourcePrefetch::Impl {
  std::counting_semaphore<> room{kAhead};
  BoundedQueue<Wanted> queue{kAhead};
  std::atomic<bool> stopped = false;
  std::vector<std::thread> threads;

  // False when it was told to stop.
  bool walk(const std::shared_ptr<const Fd>& folder) {
    for (auto& [name, type] : entries_of(*folder)) {
      if (type == DT_REG) {
        room.acquire();
        if (stopped) return false;
        queue.push({folder, std::move(name)});
      } else if (type == DT_DIR) {
        Fd below(::openat(folder->get(), name.c_str(), kFolder));
        if (below && !walk(std::make_shared<const Fd>(std::move(below)))) return false;
      }
    }
    return true;
  }

  void fetch() {
    while (const auto wanted = queue.pop()) {
      if (stopped) return;
      const Fd file(::openat(wanted->folder->get(), wanted->name.c_str(), kFile));
      if (file) ::posix_fadvise(file.get(), 0, kBytes, POSIX_FADV_WILLNEED);
    }
  }
};

SourcePrefetch::SourcePrefetch(int dir) : impl_(std::make_unique<Impl>()) {
  auto top = std::make_shared<const Fd>(::openat(dir, ".", kFolder));
  if (!*top) return;
  try {
    impl_->threads.emplace_back([this, top] {
      impl_->walk(top);
      impl_->queue.close();
    });
    for (std::size_t i = 0; i < kThreads; ++i) {
      impl_->threads.emplace_back([this] { impl_->fetch(); });
    }
  } catch (const std::system_error&) {
    // A machine at its limit of threads: those that came do the work, and none need do it.
  }
}

SourcePrefetch::~SourcePrefetch() {
  impl_->stopped = true;
  impl_->room.release();
  impl_->queue.close();
  for (std::thread& thread : impl_->threads) thread.join();
}

void SourcePrefetch::passed_file() { impl_->room.release(); }

}  // namespace courier
