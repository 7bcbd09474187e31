// Appender: blocks that came with a parcel go into packs as they are.
#include <algorithm>
#include <unordered_set>

#include "store/store_impl.h"

namespace courier {

struct Store::Appender::Impl {
  Store::Impl& store;
  std::function<void(const Digest&)> on_pack;
  std::unique_ptr<PackWriter> pack;
  std::unordered_set<Digest> pending;  // objects of the pack under way
  std::vector<Digest> holding;         // all packs that hold what was added, each once
  std::unordered_set<Digest> named;

  void name(const Digest& held_by) {
    if (named.insert(held_by).second) holding.push_back(held_by);
  }
  void finish_pack() {
    if (!pack) return;
    const FinishedPack finished = pack->finish();
    pack.reset();
    store.commit(finished);
    pending.clear();
    name(finished.name);
    if (on_pack) on_pack(finished.name);
  }
};

Store::Appender::Appender(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Appender::Appender(Appender&&) noexcept = default;
Store::Appender::~Appender() = default;

void Store::Appender::add(const Block& verified) {
  {
    const ChunkIndex::Burst burst(impl_->store.index);
    if (std::ranges::all_of(verified.objects,
                            [&](const BlockObject& object) { return has(object.digest); })) {
      // Whoever keeps what was added keeps the packs that hold it already, too.
      for (const auto& object : verified.objects) {
        if (impl_->pending.contains(object.digest)) continue;
        if (const auto place = impl_->store.index.locate(object.digest)) {
          impl_->name(place->ref.pack);
        }
      }
      return;
    }
  }
  if (!impl_->pack) impl_->pack = std::make_unique<PackWriter>(*impl_->store.packs);
  impl_->pack->add(verified);
  for (const auto& object : verified.objects) impl_->pending.insert(object.digest);
  if (impl_->pack->full()) impl_->finish_pack();
}

bool Store::Appender::has(const Digest& object) const {
  return impl_->pending.contains(object) || impl_->store.index.has(object);
}

std::vector<Digest> Store::Appender::finish() {
  impl_->finish_pack();
  return impl_->holding;
}

Store::Appender Store::append(std::function<void(const Digest& pack)> on_pack) {
  auto impl = std::unique_ptr<Appender::Impl>(
      new Appender::Impl{*impl_, std::move(on_pack), {}, {}, {}, {}});
  return Appender(std::move(impl));
}

}  // namespace courier
