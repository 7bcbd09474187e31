#include "store/store.h"

#include <fcntl.h>

#include <algorithm>
#include <iterator>
#include <mutex>

#include "base/durable.h"
#include "base/error.h"
#include "store/leaf_reader.h"
#include "store/sqlite.h"
#include "store/store_impl.h"
#include "store/tree_writer.h"

namespace courier {

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store::~Store() = default;

Store Store::open(FileSystem& fs, const std::string& dir, Access access,
                  std::unique_ptr<PackStorage> packs) {
  make_dirs(fs, dir);
  if (!packs) packs = std::make_unique<FolderPackStorage>(fs, dir + "/packs");
  auto impl = std::make_unique<Impl>(fs, dir, std::move(packs));
  if (access == Access::write) {
    impl->packs->sweep();
    impl->reconcile();
  }
  return Store(std::move(impl));
}

void Store::Impl::reconcile() {
  const auto known = index.packs();
  const auto there = packs->list();
  std::vector<Digest> fresh, gone;
  std::set_difference(there.begin(), there.end(), known.begin(), known.end(),
                      std::back_inserter(fresh));
  std::set_difference(known.begin(), known.end(), there.begin(), there.end(),
                      std::back_inserter(gone));
  if (!fresh.empty()) {
    // What stopped before the index may have stopped before the folder of a new pack was durable.
    fs.sync_file_system(fs.open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  for (const auto& pack : fresh) {
    try {
      index.add_pack(pack, packs->size(pack), read_pack_index(*packs, pack));
    } catch (const Error& error) {
      // It stays where it is, unknown; check names it.
      if (error.code() != ErrorCode::damaged) throw;
    }
  }
  index.remove_packs(gone);
}

Block Store::Impl::read_block(const BlockPlace& place) {
  const std::string subject = block_subject(place.ref.pack, place.ref.block);
  try {
    Block block = read_packed_block(*packs, place.ref.pack, place.offset, place.size, place.digest);
    if (block.objects.size() != place.objects) {
      throw Error(ErrorCode::damaged, subject, "is not the block that the index means");
    }
    return block;
  } catch (const Error& error) {
    // What cannot be read now may be read later: it is not dropped. A pack that is gone is damage.
    if (error.code() == ErrorCode::device) {
      throw Error(ErrorCode::device, subject, error.happened())
          .with_hint("run courier store check, which says what can still be read");
    }
    if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::not_found) throw;
    index.drop_block(place.ref);
    throw Error(ErrorCode::damaged, subject, error.happened())
        .with_loss("its content counts as missing; everything else is as it was")
        .with_hint("receive the content again: the next return asks for it");
  }
}

std::shared_ptr<const Store::OpenBlock> Store::Impl::open_block(const BlockPlace& place) {
  ahead.follow(place, cache);
  if (auto cached = cache.get(place.ref)) return cached;
  if (auto opened = ahead.wait(place.ref)) return opened;
  // Between the two it may have been finished.
  if (auto cached = cache.get(place.ref)) return cached;
  return open_now(place);
}

std::shared_ptr<const Store::OpenBlock> Store::Impl::open_now(const BlockPlace& place) {
  Block block = read_block(place);
  auto open = std::make_shared<OpenBlock>();
  try {
    // A raw block's objects were checked with its digest. Those of a compressed one are checked
    // here: what came with a parcel was judged by a child that reads hostile bytes.
    open->raw = block.is_raw() ? decompress(block) : verify_and_decompress(block);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged) throw;
    index.drop_block(place.ref);
    throw Error(ErrorCode::damaged, block_subject(place.ref.pack, place.ref.block),
                error.happened())
        .with_loss("its content counts as missing; everything else is as it was")
        .with_hint("receive the content again: the next return asks for it");
  }
  std::uint32_t offset = 0;
  open->offsets.reserve(block.objects.size());
  for (const auto& object : block.objects) {
    open->offsets.push_back(offset);
    offset += object.size;
  }
  open->objects = std::move(block.objects);
  cache.put(place.ref, open);
  return open;
}

std::optional<Store::Impl::Found> Store::Impl::next_in_line(const Digest& object) {
  const std::lock_guard lock(lines_mutex);
  for (auto line = lines.begin(); line != lines.end(); ++line) {
    const auto block = line->block.lock();
    const std::size_t next = line->position + 1;
    if (!block || next >= block->objects.size() || block->objects[next].digest != object) continue;
    line->position = next;
    std::rotate(lines.begin(), line, line + 1);
    return Found{block, next};
  }
  return std::nullopt;
}

Store::Impl::Found Store::Impl::find(const Digest& object) {
  if (auto found = next_in_line(object)) return *std::move(found);
  std::optional<Error> damage;
  // Each turn that fails drops a block, so this ends.
  while (const auto place = index.locate(object)) {
    try {
      auto block = open_block(*place);
      const auto found = std::find_if(block->objects.begin(), block->objects.end(),
                                      [&](const BlockObject& o) { return o.digest == object; });
      if (found == block->objects.end()) {
        index.drop_block(place->ref);
        throw Error(ErrorCode::damaged, block_subject(place->ref.pack, place->ref.block),
                    "does not hold object " + object.brief() + " as the index says")
            .with_hint("run courier store rebuild-index");
      }
      const auto position = static_cast<std::size_t>(found - block->objects.begin());
      const std::lock_guard lock(lines_mutex);
      std::rotate(lines.begin(), lines.end() - 1, lines.end());
      lines.front() = {block, position};
      return {std::move(block), position};
    } catch (const Error& error) {
      if (error.code() != ErrorCode::damaged) throw;
      damage = error;
    }
  }
  if (damage) throw *damage;
  throw Error(ErrorCode::incomplete, "object " + object.brief(), "is not in the store");
}

Bytes Store::Impl::read(const Digest& object, DigestKind kind) {
  const Found found = find(object);
  if (found.block->objects[found.position].kind != kind) {
    throw Error(ErrorCode::damaged, "object " + object.brief(), "is of another kind");
  }
  return to_bytes(found.block->object(found.position));
}

Node Store::Impl::read_node(const Digest& digest) {
  const Found found = find(digest);
  if (found.block->objects[found.position].kind != DigestKind::node) {
    throw Error(ErrorCode::damaged, "object " + digest.brief(), "is of another kind");
  }
  return decode_node(found.block->object(found.position));
}

bool Store::has(const Digest& object) { return impl_->index.has(object); }

Bytes Store::read(const Digest& object, DigestKind kind) { return impl_->read(object, kind); }

Node Store::read_node(const Digest& node) { return impl_->read_node(node); }

RootObject Store::read_root(const Digest& root) {
  return decode_root(impl_->read(root, DigestKind::root));
}

std::unique_ptr<BlobReader> Store::open_file(const TreeEntry& file) {
  return std::make_unique<BlobReader>(*this, file);
}

std::optional<BlockRef> Store::locate(const Digest& object) {
  const auto place = impl_->index.locate(object);
  if (!place) return std::nullopt;
  return place->ref;
}

namespace {

BlockPlace place_of(ChunkIndex& index, const BlockRef& ref) {
  const auto place = index.place(ref);
  if (!place || place->damaged) {
    throw Error(ErrorCode::not_found, block_subject(ref.pack, ref.block), "is not in the store");
  }
  return *place;
}

}  // namespace

Block Store::read_block(const BlockRef& ref) {
  return impl_->read_block(place_of(impl_->index, ref));
}

std::vector<Block> Store::read_blocks(const std::vector<BlockRef>& refs) {
  std::vector<PackedAt> places;
  std::vector<std::size_t> objects;
  for (const BlockRef& ref : refs) {
    const BlockPlace place = place_of(impl_->index, ref);
    places.push_back({ref.pack, place.offset, place.size, place.digest});
    objects.push_back(place.objects);
  }
  std::vector<Block> blocks;
  try {
    blocks = read_packed_blocks(*impl_->packs, places);
  } catch (const Error&) {
    // By itself each says what is wrong with it, and counts as missing then.
  }
  const auto is_meant = [](const Block& block, std::size_t count) {
    return block.objects.size() == count;
  };
  if (std::ranges::equal(blocks, objects, is_meant)) return blocks;
  blocks.clear();
  for (const BlockRef& ref : refs) blocks.push_back(read_block(ref));
  return blocks;
}

std::shared_ptr<const Store::OpenBlock> Store::open_block(const BlockRef& ref) {
  return impl_->open_block(place_of(impl_->index, ref));
}

StoreStats Store::stats() {
  StoreStats stats = impl_->index.stats();
  const SpaceInfo space = impl_->packs->space();
  stats.free_bytes = space.free_bytes;
  stats.total_bytes = space.total_bytes;
  return stats;
}

std::vector<Named> Store::export_tree(const Digest& root, const std::string& dir,
                                      const ProgressSink& progress) {
  const Fd target = make_dirs(impl_->fs, dir, 0777);
  if (!impl_->fs.list(target).empty()) {
    throw Error(ErrorCode::not_allowed, "folder " + escaped(dir), "is not empty")
        .with_hint("name a folder that is empty or does not exist yet");
  }
  TreeWriteOptions options;
  options.progress = progress;
  TreeWriteReport report = write_tree(*this, impl_->fs, root, target, options);
  impl_->fs.sync_file_system(target);
  return std::move(report.problems);
}

}  // namespace courier
