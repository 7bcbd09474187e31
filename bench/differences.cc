// How small and how fast new content is when it is coded against old content, codec by codec.
//
//     differences OLD NEW [--level fast|default|small] [--window] [--every N]
//
// Both folders are cut into chunks; chunks of NEW that OLD has are left out, as in a parcel, and
// the rest is gathered in blocks of up to 2 MiB. The base of each block is what similarity finds in
// OLD, or with --window 512 KiB around the same offsets of the file with the same path. --every N
// takes every Nth block only. Speeds are of one thread's processor time.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>

#include "base/error.h"
#include "store/block_against.h"
#include "store/chunker.h"
#include "store/similarity.h"

namespace courier {
namespace {

constexpr std::size_t kBlock = 2u << 20;
constexpr std::size_t kPiece = 1u << 20;    // what one search is for
constexpr std::size_t kRegions = 2u << 20;  // of base for a piece, at most
constexpr std::size_t kWindow = 512u << 10;

double now() {
  timespec time;
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

class MappedFile {
 public:
  explicit MappedFile(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (fd < 0 || ::fstat(fd, &status) != 0) throw system_error(errno, path, "cannot open");
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ > 0) at_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    ::close(fd);
    if (at_ == MAP_FAILED) throw system_error(errno, path, "cannot map");
  }
  ~MappedFile() {
    if (size_ > 0) ::munmap(at_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ByteView view() const { return {static_cast<const std::uint8_t*>(at_), size_}; }

 private:
  void* at_ = nullptr;
  std::size_t size_ = 0;
};

std::vector<std::string> files_below(const std::string& top) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
    if (entry.is_regular_file() && !entry.is_symlink()) {
      paths.push_back(entry.path().string().substr(top.size()));
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

struct Codec {
  const char* name;
  double seconds = 0, decoding = 0;
  std::uint64_t bytes = 0, chosen = 0;
};

class Bench {
 public:
  Bench(std::string old_top, std::string new_top, Level level, bool by_window, std::uint64_t every)
      : old_top_(std::move(old_top)),
        new_top_(std::move(new_top)),
        level_(level),
        by_window_(by_window),
        every_(every) {}

  void run() {
    learn();
    for (const auto& path : files_below(new_top_)) take(path);
    flush();
    print();
  }

 private:
  void learn() {
    for (const auto& path : files_below(old_top_)) {
      const auto number = static_cast<std::uint32_t>(old_.size());
      numbers_[path] = number;
      old_.push_back(path);
      const MappedFile file(old_top_ + path);
      old_bytes_ += file.view().size();
      each_chunk(file.view(), [&](ByteView, const Digest& digest) { known_.insert(digest); });
      if (by_window_) continue;
      const double begun = now();
      index_.add(number, 0, file.view());
      marking_ += now() - begun;
    }
    const double begun = now();
    index_.finish();
    marking_ += now() - begun;
  }

  template <typename Each>
  void each_chunk(ByteView content, const Each& each) {
    while (!content.empty()) {
      const ByteView chunk = content.first(first_cut(content));
      each(chunk, chunk_digests({&chunk, 1}).front());
      content = content.subspan(chunk.size());
    }
  }

  void take(const std::string& path) {
    const MappedFile file(new_top_ + path);
    new_bytes_ += file.view().size();
    std::size_t at = 0, begun = 0;
    each_chunk(file.view(), [&](ByteView chunk, const Digest& digest) {
      const bool known = known_.contains(digest);
      if (known || at - begun + chunk.size() > kPiece) {
        piece(path, begun, file.view().subspan(begun, at - begun));
        begun = known ? at + chunk.size() : at;
      }
      at += chunk.size();
    });
    piece(path, begun, file.view().subspan(begun));
  }

  void piece(const std::string& path, std::size_t offset, ByteView content) {
    if (content.empty()) return;
    if (raw_.size() + content.size() > kBlock) flush();
    raw_.insert(raw_.end(), content.begin(), content.end());
    std::vector<SimilarRange> ranges;
    const auto same = numbers_.find(path);
    if (!by_window_) {
      const double begun = now();
      ranges =
          index_.find(content, std::min(kRegions, 2 * content.size() + 4 * kSimilarityGranule));
      finding_ += now() - begun;
    }
    found_ += ranges.empty() ? 0 : content.size();
    if (ranges.empty() && same != numbers_.end()) {
      const std::size_t first = offset - std::min(offset, kWindow);
      ranges = {{same->second, first,
                 static_cast<std::uint32_t>(offset + content.size() + kWindow - first)}};
    }
    for (const auto& range : ranges) add_to_base(range);
  }

  void add_to_base(const SimilarRange& range) {
    if (!mapped_ || mapped_number_ != range.content) {
      mapped_ = std::make_unique<MappedFile>(old_top_ + old_[range.content]);
      mapped_number_ = range.content;
    }
    const ByteView old = mapped_->view();
    if (range.offset >= old.size()) return;
    const std::size_t size = std::min<std::size_t>(range.length, old.size() - range.offset);
    if (base_.size() + size > kMaxBase) return;
    base_.insert(base_.end(), old.begin() + static_cast<std::ptrdiff_t>(range.offset),
                 old.begin() + static_cast<std::ptrdiff_t>(range.offset + size));
  }

  using Encode = Bytes (*)(ByteView, ByteView, Level);
  using Decode = Bytes (*)(ByteView, ByteView, std::uint32_t);

  std::size_t try_codec(Codec& codec, Encode encode, Decode decode) {
    const double begun = now();
    const Bytes coded = base_.empty() ? Bytes{} : encode(raw_, base_, level_);
    const double encoded = now();
    codec.seconds += encoded - begun;
    if (!coded.empty()) {
      const Bytes again = decode(coded, base_, static_cast<std::uint32_t>(raw_.size()));
      codec.decoding += now() - encoded;
      if (again != raw_) throw Error(ErrorCode::internal, codec.name, "not what it was made of");
    }
    const std::size_t size = coded.empty() ? raw_.size() : coded.size();
    codec.bytes += size;
    return size;
  }

  void flush() {
    if (!raw_.empty() && blocks_++ % every_ == 0) {
      raw_bytes_ += raw_.size();
      base_bytes_ += base_.size();
      const double begun = now();
      const std::size_t plain = compress_block({{}, raw_}, level_).payload.size();
      zstd_.seconds += now() - begun;
      zstd_.bytes += plain;
      const std::size_t prefix = try_codec(prefix_, encode_prefix, decode_prefix);
      const std::size_t difference = try_codec(difference_, encode_difference, decode_difference);
      const std::size_t smallest = std::min({plain, prefix, difference});
      smallest_ += smallest;
      (smallest == difference ? difference_ : smallest == prefix ? prefix_ : zstd_).chosen++;
    }
    raw_.clear();
    base_.clear();
  }

  void print() const {
    const auto mega = [](std::uint64_t bytes) { return static_cast<double>(bytes) / 1e6; };
    std::printf("old %.1f MB, new %.1f MB; new chunks %.1f MB in %llu blocks, base %.1f MB\n",
                mega(old_bytes_), mega(new_bytes_), mega(raw_bytes_),
                static_cast<unsigned long long>(blocks_ / every_), mega(base_bytes_));
    if (!by_window_) {
      std::printf("similarity: %.0f MB/s to learn, %.0f MB/s to find; a base for %.1f MB\n",
                  mega(old_bytes_) / marking_,
                  mega(raw_bytes_) * static_cast<double>(every_) / finding_, mega(found_));
    }
    for (const Codec* codec : {&zstd_, &prefix_, &difference_}) {
      std::printf("%-10s %9.3f MB %6.0f MB/s", codec->name, mega(codec->bytes),
                  mega(raw_bytes_) / codec->seconds);
      if (codec->decoding > 0) {
        std::printf(", opened at %5.0f MB/s", mega(raw_bytes_) / codec->decoding);
      }
      std::printf("; smallest of %llu\n", static_cast<unsigned long long>(codec->chosen));
    }
    std::printf("smallest   %9.3f MB\n", mega(smallest_));
  }

  std::string old_top_, new_top_;
  Level level_;
  bool by_window_;
  std::uint64_t every_;
  std::vector<std::string> old_;
  std::map<std::string, std::uint32_t> numbers_;
  std::unordered_set<Digest> known_;
  SimilarityIndex index_;
  std::unique_ptr<MappedFile> mapped_;
  std::uint32_t mapped_number_ = 0;
  Bytes raw_, base_;
  Codec zstd_{"zstd"}, prefix_{"prefix"}, difference_{"difference"};
  std::uint64_t old_bytes_ = 0, new_bytes_ = 0, raw_bytes_ = 0, base_bytes_ = 0;
  std::uint64_t smallest_ = 0, blocks_ = 0, found_ = 0;
  double marking_ = 0, finding_ = 0;
};

}  // namespace
}  // namespace courier

int main(int argc, char** argv) {
  using namespace courier;
  Level level = Level::standard;
  bool by_window = false;
  std::uint64_t every = 1;
  for (int i = 3; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--window") {
      by_window = true;
    } else if (option == "--level" && i + 1 < argc && parse_level(argv[i + 1])) {
      level = *parse_level(argv[++i]);
    } else if (option == "--every" && i + 1 < argc) {
      every = std::max(1ull, std::strtoull(argv[++i], nullptr, 10));
    } else {
      argc = 0;
    }
  }
  if (argc < 3) {
    std::fprintf(stderr, "usage: differences OLD NEW [--level L] [--window] [--every N]\n");
    return 2;
  }
  try {
    Bench(argv[1], argv[2], level, by_window, every).run();
  } catch (const Error& error) {
    std::fprintf(stderr, "differences: %s\n", error.what());
    return 1;
  }
}
