#include "sender/plan_content.h"

#include <utility>

#include "store/store.h"

namespace courier {
namespace {

constexpr std::uint64_t kGatheredRaw = 2u << 20;  // a gathered record is closed before it passes
static_assert(kGatheredRaw + kMaxObjectSize <= kMaxBlockRaw);

class Gatherer {
 public:
  explicit Gatherer(const std::function<void(RecordContent&&)>& each) : each_(each) {}

  void add(const StoredBlock& block, const std::vector<BlockObject>& wanted) {
    for (const BlockObject& object : wanted) {
      const bool nodes = object.kind != DigestKind::chunk;
      if (count_ > 0 &&
          (nodes != nodes_ || count_ == kMaxBlockObjects || raw_ + object.size > kGatheredRaw)) {
        flush();
      }
      if (record_.parts.empty() || record_.parts.back().ref != block.ref) {
        record_.parts.push_back({block.ref, {}});
      }
      record_.parts.back().objects.push_back(object);
      record_.stored_size += std::uint64_t{object.size} * block.stored_size / block.raw_size + 1;
      raw_ += object.size;
      nodes_ = nodes;
      ++count_;
    }
  }

  // So that nodes stay before data.
  void flush_nodes() {
    if (nodes_) flush();
  }

  void flush() {
    if (count_ == 0) return;
    each_(std::exchange(record_, {}));
    raw_ = 0;
    count_ = 0;
  }

 private:
  const std::function<void(RecordContent&&)>& each_;
  RecordContent record_;
  std::uint64_t raw_ = 0, count_ = 0;
  bool nodes_ = false;
};

}  // namespace

void for_each_record(Store& store, const ObjectSet& objects,
                     const std::function<void(RecordContent&&)>& each) {
  Gatherer gatherer(each);
  store.for_each_block(objects,
                       [&](const StoredBlock& block, const std::vector<BlockObject>& wanted) {
                         if (wanted.empty()) return;
                         if (wanted.front().kind == DigestKind::chunk) gatherer.flush_nodes();
                         if (wanted.size() == block.objects) {
                           each({true, {{block.ref, wanted}}, block.stored_size});
                         } else {
                           gatherer.add(block, wanted);
                         }
                       });
  gatherer.flush();
}

}  // namespace courier
