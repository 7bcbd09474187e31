#include "sender/plan_memory.h"

#include "sender/scheduler.h"
#include "sender/shared_content.h"

namespace courier {

namespace {
constexpr std::size_t kMostLacked = 256u << 20;
}

const std::string& PlanMemory::lacks(SenderParts& context, const JobRow& job) {
  static const std::string nothing;
  if (job.kind == JobKind::remove) return nothing;
  const auto [found, is_new] = lacks_.try_emplace({job.package, job.version});
  if (is_new) found->second = lacks_content(context, job);
  return found->second;
}

void PlanMemory::begin_plan() {
  if (lacked_bytes_ <= kMostLacked) return;
  lacked_.clear();
  lacked_bytes_ = 0;
}

const PlanMemory::Lacked& PlanMemory::lacked(SenderParts& context, const WantedContent& wanted,
                                             const std::vector<Holding>& held) {
  std::vector<Digest> key{wanted.root};
  for (const Holding& holding : held) key.push_back(holding.root);
  const auto known = lacked_.find(key);
  if (known != lacked_.end()) return known->second;
  const Proofs proofs(context, {Proof{held, {}, {}}}, {wanted});
  ObjectSet objects;
  Lacked found;
  found.is_less = proofs.lacking(context.store, wanted.root,
                                 [&](const BlockObject& object) { add_wanted(objects, object); });
  found.content = PlacedContent(context.store, objects,
                                [this](const Digest& digest) { return shared->number(digest); });
  lacked_bytes_ += found.content.bytes();
  return lacked_.emplace(std::move(key), std::move(found)).first->second;
}

}  // namespace courier
