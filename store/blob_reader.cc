#include "store/blob_reader.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "store/leaf_reader.h"
#include "store/store_impl.h"

namespace courier {

struct ChunkLister::Impl {
  TreeEntry entry;
  LeafReader leaves;
  Node leaf;
  std::size_t position = 0;
  bool single_done = false;

  Impl(Store& store, const TreeEntry& file)
      : entry(file),
        leaves(store, Node::Kind::chunk_list, file.content,
               file.form == ContentForm::list ? file.size : 0) {
    if (file.type != EntryType::file) bug("content asked of an entry that is no file");
  }
};

ChunkLister::ChunkLister(Store& store, const TreeEntry& entry)
    : impl_(std::make_unique<Impl>(store, entry)) {}

ChunkLister::~ChunkLister() = default;

bool ChunkLister::next(ChunkRef& out) {
  Impl& s = *impl_;
  if (s.entry.form == ContentForm::none) return false;
  if (s.entry.form == ContentForm::chunk) {
    if (s.single_done) return false;
    s.single_done = true;
    out = {s.entry.content, static_cast<std::uint32_t>(s.entry.size)};
    return true;
  }
  while (s.position == s.leaf.chunks.size()) {
    s.position = 0;
    if (!s.leaves.next(s.leaf)) return false;
  }
  out = s.leaf.chunks[s.position++];
  return true;
}

struct BlobReader::Impl {
  Store& store;
  std::uint64_t size;
  ChunkLister chunks;
  Store::Impl::Found current;
  ByteView rest;  // of the chunk that read() is in
  Impl(Store& s, const TreeEntry& entry) : store(s), size(entry.size), chunks(s, entry) {}
};

BlobReader::BlobReader(Store& store, const TreeEntry& entry)
    : impl_(std::make_unique<Impl>(store, entry)) {}

BlobReader::~BlobReader() = default;

std::uint64_t BlobReader::size() const { return impl_->size; }

ByteView BlobReader::next_chunk() {
  ChunkRef chunk;
  if (!impl_->chunks.next(chunk)) return {};
  auto& found = impl_->current;
  found = impl_->store.impl_->find(chunk.digest);
  const ByteView bytes = found.block->object(found.position);
  if (bytes.size() != chunk.size ||
      found.block->objects[found.position].kind != DigestKind::chunk) {
    throw Error(ErrorCode::damaged, "chunk " + chunk.digest.brief(),
                "does not have the size that its list says");
  }
  return bytes;
}

std::size_t BlobReader::read(MutableByteView out) {
  std::size_t done = 0;
  while (done < out.size()) {
    if (impl_->rest.empty()) impl_->rest = next_chunk();
    if (impl_->rest.empty()) break;
    const std::size_t n = std::min(out.size() - done, impl_->rest.size());
    std::memcpy(out.data() + done, impl_->rest.data(), n);
    impl_->rest = impl_->rest.subspan(n);
    done += n;
  }
  return done;
}

}  // namespace courier
