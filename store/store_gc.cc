// Gc: marks what the roots reach, then looks at every pack for what is left. A pack of which
// nothing is used goes; one with enough dead space is written again without it, and goes once the
// new pack is durable and indexed. An object counts as used in one place only, the one that the
// index would read it from: so copies that a crash left behind are dead space, and a second run
// after a crash has less to do, never more.
#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "store/store_impl.h"

namespace courier {

namespace {

// A small pack is rewritten for any dead space, a large one when an eighth of it is dead.
constexpr std::uint64_t kSmallPack = 16u << 20;
constexpr std::uint64_t kDeadShare = 8;
// Old packs go in groups, since each removal reads the whole index.
constexpr std::size_t kRemovalGroup = 16;

class Collector {
 public:
  Collector(Store::Impl& store, const GcRoots& roots, bool del, const ProgressSink& progress)
      : store_(store), roots_(roots), progress_(progress) {
    report_.deleted = del;
  }

  GcReport run() {
    mark();
    const auto packs = store_.index.packs();
    std::vector<Digest> rewrite;
    std::size_t done = 0;
    for (const auto& pack : packs) {
      judge(pack, rewrite);
      courier::report(progress_, {"looking for unused content", "store", ++done, packs.size()});
    }
    // What hangs on a missing node is not known to be unused.
    if (report_.missing_nodes > 0) report_.deleted = false;
    if (report_.deleted) {
      remove(doomed_);
      done = 0;
      for (const auto& pack : rewrite) {
        rewrite_pack(pack);
        courier::report(progress_, {"rewriting packs", "store", ++done, rewrite.size()});
      }
      finish_pack();
      remove(doomed_);
      // A rewrite may have found the copy in use damaged: then this one is in use now.
      std::erase_if(copies_, [&](const Digest& pack) { return is_any_used(pack); });
      remove(copies_);
      store_.cache.clear();
    }
    return report_;
  }

 private:
  void mark() {
    std::unordered_set<Digest> entered;
    Store::Impl::ClosureVisitor visitor;
    visitor.enter = [&](const Digest& digest) { return entered.insert(digest).second; };
    visitor.object = [&](const BlockObject& object) { live_.insert(object); };
    visitor.absent = [&](const Digest&, DigestKind kind, const Error&) {
      if (kind == DigestKind::node) ++report_.missing_nodes;
    };
    for (const auto& root : roots_.roots) store_.visit_closure(root, visitor);
    visitor.absent = [](const Digest&, DigestKind, const Error&) {};
    for (const auto& root : roots_.partial) store_.visit_closure(root, visitor);
  }

  // Whether this copy of the object, in this block, is the one in use.
  bool is_used(const BlockObject& object, const BlockRef& ref) {
    if (!live_.contains(object.digest)) return false;
    const auto place = store_.index.locate(object.digest);
    return place && place->ref == ref;
  }

  bool is_any_used(const Digest& pack) {
    const PackIndex index = read_pack_index(*store_.packs, pack);
    for (std::uint32_t i = 0; i < index.blocks.size(); ++i) {
      for (const auto& object : index.blocks[i].objects) {
        if (is_used(object, {pack, i})) return true;
      }
    }
    return false;
  }

  void judge(const Digest& pack, std::vector<Digest>& rewrite) {
    PackIndex index;
    std::uint64_t size = 0;
    try {
      index = read_pack_index(*store_.packs, pack);
      size = store_.packs->size(pack);
    } catch (const Error& error) {
      // Check says what is wrong with it; nothing is deleted that cannot be looked at.
      if (error.code() == ErrorCode::internal) throw;
      return;
    }
    const bool pinned = std::find(roots_.pinned_packs.begin(), roots_.pinned_packs.end(), pack) !=
                        roots_.pinned_packs.end();
    std::uint64_t dead_stored = 0;
    bool any_used = pinned, copies = false;
    for (std::uint32_t i = 0; i < index.blocks.size(); ++i) {
      const PackedBlock& block = index.blocks[i];
      std::uint64_t dead = 0;
      for (const auto& object : block.objects) {
        if (pinned || is_used(object, {pack, i})) {
          any_used = true;
          ++report_.live_objects;
          report_.live_bytes += object.size;
          continue;
        }
        dead += object.size;
        if (live_.contains(object.digest)) {  // a copy of what is used elsewhere
          copies = true;
          continue;
        }
        ++report_.dead_objects;
        report_.dead_bytes += object.size;
      }
      dead_stored += block.size * dead / block.raw_size;
    }
    if (!any_used) {
      report_.reclaimable_bytes += size;
      ++report_.packs_removed;
      (copies ? copies_ : doomed_).push_back(pack);
    } else if (dead_stored > 0 && (size <= kSmallPack || dead_stored >= size / kDeadShare)) {
      report_.reclaimable_bytes += dead_stored;
      ++report_.packs_rewritten;
      rewrite.push_back(pack);
    } else if (dead_stored > 0) {
      ++report_.packs_left;
    }
  }

  void rewrite_pack(const Digest& pack) {
    const PackIndex index = read_pack_index(*store_.packs, pack);
    for (std::uint32_t i = 0; i < index.blocks.size(); ++i) {
      const BlockRef ref{pack, i};
      const auto& objects = index.blocks[i].objects;
      std::vector<bool> used;
      for (const auto& object : objects) used.push_back(is_used(object, ref));
      const auto count = static_cast<std::size_t>(std::count(used.begin(), used.end(), true));
      if (count == 0) continue;
      const auto place = store_.index.place(ref);
      if (!place) continue;
      try {
        if (count == objects.size()) {
          add(store_.read_block(*place));
        } else {
          regather(*store_.open_block(*place), used);
        }
      } catch (const Error& error) {
        // It counts as missing now; there is nothing to carry over.
        if (error.code() != ErrorCode::damaged) throw;
      }
    }
    pass_on(data_);
    pass_on(nodes_);
    processed_.push_back(pack);
    if (!writer_) settle();
  }

  void regather(const Store::OpenBlock& block, const std::vector<bool>& used) {
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (!used[i]) continue;
      const BlockObject& object = block.objects[i];
      BlockBuilder& builder = object.kind == DigestKind::chunk ? data_ : nodes_;
      if (!builder.fits(object.kind, object.size)) pass_on(builder);
      builder.add(object.kind, object.digest, block.object(i));
    }
  }

  void pass_on(BlockBuilder& builder) {
    if (!builder.empty()) add(compress_block(builder.take(), Level::standard));
  }

  void add(const Block& block) {
    if (!writer_) writer_ = std::make_unique<PackWriter>(*store_.packs);
    writer_->add(block);
    if (writer_->full()) finish_pack();
  }

  void finish_pack() {
    if (writer_) {
      const FinishedPack finished = writer_->finish();
      writer_.reset();
      store_.commit(finished);
      written_.insert(finished.name);
    }
    settle();
  }

  // Everything of the packs processed so far is durable elsewhere when no new pack is open.
  void settle() {
    doomed_.insert(doomed_.end(), processed_.begin(), processed_.end());
    processed_.clear();
    if (doomed_.size() >= kRemovalGroup) remove(doomed_);
  }

  // The index forgets them first: what it names is always there.
  void remove(std::vector<Digest>& packs) {
    std::erase_if(packs, [&](const Digest& pack) { return written_.contains(pack); });
    store_.index.remove_packs(packs);
    for (const auto& pack : packs) store_.packs->remove(pack);
    packs.clear();
  }

  Store::Impl& store_;
  const GcRoots& roots_;
  const ProgressSink& progress_;
  GcReport report_;
  ObjectSet live_;
  std::vector<Digest> doomed_, processed_;
  std::vector<Digest> copies_;          // not in use, but with copies of what is: they go last
  std::unordered_set<Digest> written_;  // a pack is its name: never removed after it was written
  BlockBuilder data_, nodes_;
  std::unique_ptr<PackWriter> writer_;
};

}  // namespace

GcReport Store::gc(const GcRoots& roots, bool del, const ProgressSink& progress) {
  return Collector(*impl_, roots, del, progress).run();
}

}  // namespace courier
