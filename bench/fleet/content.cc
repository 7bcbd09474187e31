#include "bench/fleet/content.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <stdexcept>
#include <unordered_set>

#include "base/codec.h"
#include "base/file_system.h"
#include "store/chunk_index.h"
#include "store/node_builder.h"
#include "store/pack.h"

namespace courier::bench {
namespace {

constexpr std::uint32_t kFolders = 40;
constexpr std::uint64_t kPool = 20'000;  // chunks that several packages have
constexpr std::uint64_t kPoolOne = 200;  // one new chunk of so many is from the pool
constexpr std::uint64_t kBlockRaw = 2u << 20;

std::uint32_t chunk_size(std::uint64_t chunk) {
  return static_cast<std::uint32_t>(16'384 + mixed(chunk ^ 0x51) % 98'304);  // 64 KiB in the mean
}

// Chunks that are nowhere but in the index at a pack's end; their room is a hole in the file.
class HollowPacks {
 public:
  HollowPacks(const std::string& store, ChunkIndex& index)
      : packs_(store + "/packs"), index_(index) {}

  void add(std::uint64_t chunk) {
    const std::uint32_t size = chunk_size(chunk);
    if (raw_ + size > kBlockRaw) flush_block();
    objects_.push_back({DigestKind::chunk, generated_digest(chunk), size});
    raw_ += size;
  }

  // One that other packages may have brought.
  void add_once(std::uint64_t chunk) {
    if (pool_.insert(chunk).second) add(chunk);
  }

  void finish() {
    flush_block();
    if (pack_.blocks.empty()) return;
    const Bytes index = encode(pack_);
    const Digest name = digest_of(DigestKind::pack, index);
    Encoder foot;
    foot.u64(at_).u32(static_cast<std::uint32_t>(index.size())).u32(2).raw(as_bytes("PCLPKEND"));
    const std::string folder = packs_ + "/" + name.hex().substr(0, 2);
    ::mkdir(folder.c_str(), 0700);
    const int fd = ::open((folder + "/" + name.hex() + ".pack").c_str(), O_CREAT | O_WRONLY, 0600);
    const auto at = static_cast<off_t>(at_);
    const bool is_good =
        fd >= 0 && ::pwrite(fd, "PCLPACK1", 8, 0) == 8 &&
        ::pwrite(fd, index.data(), index.size(), at) == static_cast<ssize_t>(index.size()) &&
        ::pwrite(fd, foot.view().data(), foot.size(), at + static_cast<off_t>(index.size())) ==
            static_cast<ssize_t>(foot.size());
    if (fd >= 0) ::close(fd);
    if (!is_good) throw std::runtime_error("cannot write a pack");
    index_.add_pack(name, at_ + index.size() + foot.size(), pack_);
    pack_ = {};
    at_ = kPackHeadSize;
  }

 private:
  void flush_block() {
    if (objects_.empty()) return;
    PackedBlock block;
    block.offset = at_;
    block.size = static_cast<std::uint32_t>(raw_ * 3 / 5);
    block.codec = 1;
    block.raw_size = static_cast<std::uint32_t>(raw_);
    block.digest = generated_digest(mixed(at_) ^ objects_.front().size ^ ++blocks_ << 40);
    block.objects = std::move(objects_);
    at_ += block.size;
    pack_.blocks.push_back(std::move(block));
    objects_.clear();
    raw_ = 0;
    if (at_ >= kPackBytes) finish();
  }

  const std::string packs_;
  ChunkIndex& index_;
  PackIndex pack_;
  std::uint64_t at_ = kPackHeadSize, raw_ = 0, blocks_ = 0;
  std::vector<BlockObject> objects_;
  std::unordered_set<std::uint64_t> pool_;
};

// Nodes and roots, as a snapshot stores them.
class NodePacks {
 public:
  NodePacks(PackStorage& storage, ChunkIndex& index) : storage_(storage), index_(index) {}

  Digest add(DigestKind kind, const Bytes& encoded) {
    const Digest digest = digest_of(kind, encoded);
    if (!known_.insert(digest).second) return digest;
    if (!builder_.fits(kind, encoded.size())) flush();
    builder_.add(kind, digest, encoded);
    return digest;
  }
  void finish() {
    flush();
    if (!writer_) return;
    const FinishedPack pack = writer_->finish();
    index_.add_pack(pack.name, pack.size, pack.index);
    writer_.reset();
  }
  // As a snapshot does at its end.
  void note_whole(const Digest& root) { index_.note_whole(root, index_.version()); }
  void forget() { known_.clear(); }

 private:
  void flush() {
    if (builder_.empty()) return;
    if (!writer_) writer_ = std::make_unique<PackWriter>(storage_);
    writer_->add(compress_block(builder_.take(), Level::fast));
  }

  PackStorage& storage_;
  ChunkIndex& index_;
  BlockBuilder builder_;
  std::unique_ptr<PackWriter> writer_;
  std::unordered_set<Digest> known_;
};

struct File {
  std::vector<std::uint64_t> chunks;
  std::uint64_t version = 1;  // that changed it last
};

// One package's files as they change from version to version.
class Package {
 public:
  Package(std::uint32_t number, const ContentSize& size, HollowPacks& chunks, NodePacks& nodes)
      : number_(number), chunks_(chunks), nodes_(nodes) {
    const std::uint64_t all = size.chunks / size.packages;
    new_each_ = size.versions < 2 ? 0 : all * 2 / 5 / (size.versions - 1);
    first_ = all - new_each_ * (size.versions - 1);
  }

  GeneratedVersion next() {
    if (++version_ == 1) {
      make_files();
    } else {
      change_files();
    }
    chunks_.finish();
    return snapshot();
  }

 private:
  std::uint64_t random() { return state_ = mixed(state_ + number_ * 7919 + 1); }

  std::uint64_t fresh() {
    std::uint64_t chunk = (std::uint64_t{number_} + 1) << 40 | ++made_;
    if (random() % kPoolOne == 0) {
      chunk = random() % kPool;
      chunks_.add_once(chunk);
    } else {
      chunks_.add(chunk);
    }
    return chunk;
  }

  void make_files() {
    for (std::uint64_t count = 0; count < first_;) {
      const std::uint64_t kind = random() % 9;
      const std::uint64_t wanted = kind < 4 ? 1 : kind < 8 ? 40 : 450;
      File file;
      for (std::uint64_t i = 0; i < std::min(wanted, first_ - count); ++i)
        file.chunks.push_back(fresh());
      count += file.chunks.size();
      files_.push_back(std::move(file));
    }
  }

  // The half of some files is new, until there are as many new chunks as there should be.
  void change_files() {
    for (std::uint64_t count = 0; count < new_each_;) {
      File& file = files_[random() % files_.size()];
      const std::uint64_t half = (file.chunks.size() + 1) / 2;
      const std::uint64_t begin = random() % (file.chunks.size() - half + 1);
      for (std::uint64_t i = 0; i < half; ++i) file.chunks[begin + i] = fresh();
      file.version = version_;
      count += half;
    }
  }

  GeneratedVersion snapshot() {
    const NodeSink sink = [this](const Bytes& encoded) {
      return nodes_.add(DigestKind::node, encoded);
    };
    GeneratedVersion out;
    ChunkListBuilder lists(sink);
    DirectoryBuilder top(sink);
    for (std::uint32_t f = 0; f < kFolders; ++f) {
      DirectoryBuilder folder(sink);
      for (std::size_t i = f; i < files_.size(); i += kFolders) {
        TreeEntry entry;
        entry.name = "file-" + std::to_string(1'000'000 + i);
        entry.mode = 0644;
        entry.mtime = static_cast<std::int64_t>(1'700'000'000 + files_[i].version);
        for (const std::uint64_t chunk : files_[i].chunks)
          lists.add({generated_digest(chunk), chunk_size(chunk)});
        lists.finish(entry);
        ++out.files;
        out.bytes += entry.size;
        folder.add(std::move(entry));
      }
      TreeEntry entry;
      entry.name = "folder-" + std::to_string(100 + f);
      entry.type = EntryType::dir;
      entry.mode = 0755;
      entry.mtime = 1'700'000'000;
      folder.finish(entry);
      top.add(std::move(entry));
      ++out.dirs;
    }
    RootObject root;
    root.folder.type = EntryType::dir;
    root.folder.mode = 0755;
    root.folder.mtime = static_cast<std::int64_t>(1'700'000'000 + number_ * 100 + version_);
    top.finish(root.folder);
    root.totals = {out.files, out.dirs, 0, 0, out.bytes};
    out.root = nodes_.add(DigestKind::root, encode(root));
    nodes_.finish();
    nodes_.note_whole(out.root);
    return out;
  }

  const std::uint32_t number_;
  HollowPacks& chunks_;
  NodePacks& nodes_;
  std::uint64_t first_ = 0, new_each_ = 0, version_ = 0, made_ = 0, state_ = 0;
  std::vector<File> files_;
};

}  // namespace

std::uint64_t mixed(std::uint64_t state) {
  state += 0x9e3779b97f4a7c15;
  state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
  state = (state ^ (state >> 27)) * 0x94d049bb133111eb;
  return state ^ (state >> 31);
}

Digest generated_digest(std::uint64_t number) {
  Digest digest;
  for (std::uint64_t i = 0; i < 4; ++i) {
    const std::uint64_t word = mixed(mixed(number) + i);
    std::memcpy(digest.bytes.data() + 8 * i, &word, 8);
  }
  return digest;
}

std::vector<GeneratedPackage> generate_content(const std::string& store, const ContentSize& size) {
  PosixFileSystem fs;
  FolderPackStorage storage(fs, store + "/packs");
  ChunkIndex index(store + "/index.sqlite");
  HollowPacks chunks(store, index);
  NodePacks nodes(storage, index);
  std::vector<GeneratedPackage> out;
  for (std::uint32_t p = 0; p < size.packages; ++p) {
    Package package(p, size, chunks, nodes);
    out.emplace_back();
    for (std::uint32_t v = 0; v < size.versions; ++v) out.back().versions.push_back(package.next());
    nodes.forget();
    if ((p + 1) % 50 == 0) std::fprintf(stderr, "package %u of %u\n", p + 1, size.packages);
  }
  return out;
}

}  // namespace courier::bench
