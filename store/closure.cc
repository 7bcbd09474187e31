// What hangs on a root: walking it as a tree of names, and as a set of objects.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "store/leaf_reader.h"
#include "store/sqlite.h"
#include "store/store_impl.h"

namespace courier {

namespace {

// Calls each for the entries of one folder in order.
void for_each_entry(Store& store, const TreeEntry& folder,
                    const std::function<void(const TreeEntry&)>& each) {
  LeafReader leaves(store, Node::Kind::directory, folder.content, folder.size);
  Node leaf;
  std::string last;
  while (leaves.next(leaf)) {
    for (const auto& entry : leaf.entries) {
      if (entry.name <= last) {
        throw Error(ErrorCode::damaged, "folder " + escaped(folder.name), "entries out of order");
      }
      last = entry.name;
      each(entry);
    }
  }
}

void walk_folder(Store& store, const SafePath& path, const TreeEntry& folder,
                 const Store::Visit& visit, const Store::Visit& leave) {
  for_each_entry(store, folder, [&](const TreeEntry& entry) {
    const SafePath child = path.child(SafeName::parse(entry.name));
    visit(child, entry);
    if (entry.type != EntryType::dir) return;
    walk_folder(store, child, entry, visit, leave);
    if (leave) leave(child, entry);
  });
}

// What lies in a block, from its pack's own index: one small read for a pack instead of one for
// each of its blocks.
class PackContents {
 public:
  explicit PackContents(Store::Impl& store) : store_(store) {}

  // Valid until the next call.
  const std::vector<BlockObject>& of(const BlockPlace& place) {
    if (pack_ != place.ref.pack) {
      pack_ = place.ref.pack;
      try {
        index_ = read_pack_index(*store_.packs, *pack_);
      } catch (const Error& error) {
        // Its blocks may be whole all the same; of a pack that is gone read_block says so.
        if (error.code() != ErrorCode::damaged && error.code() != ErrorCode::not_found) throw;
        index_ = {};
      }
    }
    if (place.ref.block < index_.blocks.size()) return index_.blocks[place.ref.block].objects;
    read_ = store_.read_block(place);
    return read_.objects;
  }

 private:
  Store::Impl& store_;
  std::optional<Digest> pack_;
  PackIndex index_;
  Block read_;
};

constexpr std::size_t kBlocksKnown = 64 * 1024;

// Objects in the order of the blocks they lie in, node blocks first: sorted in memory when there
// are as many as an ObjectSet keeps there, else in a private temporary file.
class PlacedObjects {
 public:
  struct Place {
    bool is_data = false;
    std::uint64_t block = 0;
    Digest digest;
    auto operator<=>(const Place&) const = default;
  };

  explicit PlacedObjects(std::uint64_t count) {
    if (count <= ObjectSet::kInMemory) return;
    file_.emplace("");
    file_->run(
        "PRAGMA cache_size = -16384; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
        "CREATE TABLE place (data INTEGER, block INTEGER, digest BLOB, PRIMARY KEY (data, block, "
        "digest)) STRICT, WITHOUT ROWID; BEGIN");
    insert_.emplace(*file_, "INSERT OR IGNORE INTO place VALUES (?, ?, ?)");
  }

  void add(const Place& place) {
    if (!file_) {
      places_.push_back(place);
    } else {
      insert_->start().bind(place.is_data ? 1 : 0).bind(place.block).bind(place.digest).run();
    }
  }

  void for_each(const std::function<void(std::uint64_t block, const Digest& digest)>& each) {
    if (!file_) {
      std::sort(places_.begin(), places_.end());
      for (const Place& place : places_) each(place.block, place.digest);
      return;
    }
    Statement all(*file_, "SELECT block, digest FROM place ORDER BY data, block");
    while (all.step()) each(all.number(0), all.digest(1));
  }

 private:
  std::vector<Place> places_;
  std::optional<Database> file_;
  std::optional<Statement> insert_;
};

}  // namespace

void Store::walk(const Digest& root, const Visit& entry, const Visit& leave) {
  walk_folder(*this, SafePath{}, read_root(root).folder, entry, leave);
}

std::optional<TreeEntry> Store::find(const Digest& root, const SafePath& path) {
  TreeEntry at = read_root(root).folder;
  for (const auto name : path.components()) {
    if (at.type != EntryType::dir) return std::nullopt;
    LeafReader leaves(*this, Node::Kind::directory, at.content, at.size);
    Node leaf;
    std::optional<TreeEntry> found;
    while (!found && leaves.next(leaf)) {
      for (auto& entry : leaf.entries) {
        if (entry.name == name) found = std::move(entry);
      }
    }
    if (!found) return std::nullopt;
    at = std::move(*found);
  }
  return at;
}

void Store::Impl::visit_closure(const Digest& root, const ClosureVisitor& visitor) {
  std::vector<std::pair<Digest, DigestKind>> open;
  if (visitor.enter(root)) open.emplace_back(root, DigestKind::root);
  const auto chunk = [&](const Digest& digest, std::uint64_t size) {
    visitor.object({DigestKind::chunk, digest, static_cast<std::uint32_t>(size)});
  };
  const auto node = [&](const Digest& digest) {
    if (visitor.enter(digest)) open.emplace_back(digest, DigestKind::node);
  };
  const auto entry = [&](const TreeEntry& e) {
    if (e.type == EntryType::dir && e.size > 0) node(e.content);
    if (e.type != EntryType::file) return;
    if (e.form == ContentForm::chunk) chunk(e.content, e.size);
    if (e.form == ContentForm::list) node(e.content);
  };
  while (!open.empty()) {
    const auto [digest, kind] = open.back();
    open.pop_back();
    std::optional<RootObject> top;
    std::optional<Node> inner;
    std::uint32_t size = 0;
    bool is_here = false;
    try {
      const Bytes encoded = read(digest, kind);
      size = static_cast<std::uint32_t>(encoded.size());
      is_here = true;
      if (kind == DigestKind::root) {
        top = decode_root(encoded);
      } else {
        inner = decode_node(encoded);
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::incomplete && error.code() != ErrorCode::damaged) throw;
      if (is_here && visitor.malformed) visitor.malformed(error);
      visitor.absent(digest, kind, error);
      continue;
    }
    visitor.object({kind, digest, size});
    if (top) {
      entry(top->folder);
      continue;
    }
    const auto mine = static_cast<std::ptrdiff_t>(open.size());
    for (const auto& child : inner->children) node(child.digest);
    for (const auto& c : inner->chunks) chunk(c.digest, c.size);
    for (const auto& e : inner->entries) entry(e);
    // The first one first: nodes lie in their blocks in the order of the tree.
    std::reverse(open.begin() + mine, open.end());
  }
}

ClosureResult Store::missing(const Digest& root, std::size_t limit) {
  ClosureResult result;
  std::unordered_set<Digest> entered;  // nodes only: one for some hundred chunks
  ObjectSet gone;                      // so that each is named once
  const std::uint64_t version = impl_->index.version();
  // Nodes are read all the same: whether they can be is not in the index.
  const bool is_noted = impl_->index.is_noted_whole(root);
  std::optional<ChunkIndex::Burst> burst(impl_->index);
  const auto miss = [&](const BlockObject& object) {
    if (!gone.insert(object)) return;
    ++result.missing_count;
    if (result.missing.size() < limit) result.missing.push_back(object.digest);
  };
  Impl::ClosureVisitor visitor;
  visitor.enter = [&](const Digest& digest) { return entered.insert(digest).second; };
  visitor.object = [&](const BlockObject& object) {
    ++result.objects;
    result.bytes += object.size;
    const bool is_asked = object.kind == DigestKind::chunk && !is_noted;
    if (is_asked && !impl_->index.has(object.digest)) miss(object);
  };
  visitor.absent = [&](const Digest& digest, DigestKind kind, const Error&) {
    miss({kind, digest, 0});
  };
  visitor.malformed = [&](const Error& error) {
    if (!result.malformed) result.malformed = error.what();
  };
  impl_->visit_closure(root, visitor);
  burst.reset();
  if (result.complete() && !is_noted) impl_->index.note_whole(root, version);
  return result;
}

void Store::for_each_object(const Digest& root, const std::function<void(const BlockObject&)>& each,
                            const std::function<bool(const Digest&)>& skip) {
  for_each_object(std::vector{root}, each, skip);
}

void Store::for_each_object(const std::vector<Digest>& roots,
                            const std::function<void(const BlockObject&)>& each,
                            const std::function<bool(const Digest&)>& skip) {
  std::unordered_set<Digest> entered;
  Impl::ClosureVisitor visitor;
  visitor.enter = [&](const Digest& digest) {
    return !(skip && skip(digest)) && entered.insert(digest).second;
  };
  visitor.object = [&](const BlockObject& object) {
    if (!(skip && skip(object.digest))) each(object);
  };
  visitor.absent = [&](const Digest& digest, DigestKind kind, const Error&) {
    each({kind, digest, 0});
  };
  const ChunkIndex::Burst burst(impl_->index);
  for (const Digest& root : roots) impl_->visit_closure(root, visitor);
}

void Store::add_closure(const Digest& root, ObjectSet& into, const ObjectSet* except) {
  std::unordered_set<Digest> entered;
  Impl::ClosureVisitor visitor;
  // A node that `except` holds is entered, too: a site may hold it and lack a chunk below it.
  visitor.enter = [&](const Digest& digest) { return entered.insert(digest).second; };
  visitor.object = [&](const BlockObject& object) {
    if (!except || !except->contains(object.digest)) into.insert(object);
  };
  visitor.absent = [](const Digest&, DigestKind, const Error& error) { throw error; };
  const ChunkIndex::Burst burst(impl_->index);
  impl_->visit_closure(root, visitor);
}

void Store::for_each_block(
    const ObjectSet& set,
    const std::function<void(const StoredBlock&, const std::vector<BlockObject>&)>& each) {
  PlacedObjects placed(set.count());
  {
    const ChunkIndex::Burst burst(impl_->index);
    std::unordered_map<std::uint64_t, bool> holds_nodes;  // the block of that id
    set.for_each([&](const BlockObject& object) {
      const auto id = impl_->index.block_of(object.digest);
      if (!id) return;
      auto known = holds_nodes.find(*id);
      if (known == holds_nodes.end()) {
        const auto place = impl_->index.block(*id);
        if (!place) return;
        if (holds_nodes.size() >= kBlocksKnown) holds_nodes.clear();
        known = holds_nodes.emplace(*id, place->nodes).first;
      }
      placed.add({!known->second, *id, object.digest});
    });
  }
  std::unordered_set<Digest> wanted;  // of one block
  PackContents contents(*impl_);
  const auto flush = [&] {
    if (wanted.empty()) return;
    const auto place = impl_->index.locate(*wanted.begin());
    if (!place) return;  // dropped meanwhile as damaged
    StoredBlock block{place->ref, place->objects, place->size, 0, place->id, {}};
    std::vector<BlockObject> in_order;
    std::uint32_t at = 0;
    for (const auto& object : contents.of(*place)) {
      block.raw_size += object.size;
      if (wanted.erase(object.digest) > 0) {
        in_order.push_back(object);
        block.places.push_back(at);
      }
      ++at;
    }
    each(block, in_order);
    wanted.clear();
  };
  std::uint64_t current = 0;
  placed.for_each([&](std::uint64_t block, const Digest& digest) {
    if (block != current) flush();
    current = block;
    wanted.insert(digest);
  });
  flush();
}

}  // namespace courier
