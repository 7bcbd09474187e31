#include "sender/plan_memory.h"

#include "sender/plan_content.h"
#include "sender/scheduler.h"
#include "store/object_set.h"

namespace courier {

const std::string& PlanMemory::lacks(SenderParts& context, const JobRow& job) {
  static const std::string nothing;
  if (job.kind == JobKind::remove) return nothing;
  const auto [found, is_new] = lacks_.try_emplace({job.package, job.version});
  if (is_new) found->second = lacks_content(context, job);
  return found->second;
}

RecordTotals PlanMemory::records(SenderParts& context, const ObjectSet& objects) {
  Hasher identity(DigestKind::file);
  objects.for_each([&](const BlockObject& object) { identity.update(object.digest.view()); });
  const auto [found, is_new] = records_.try_emplace(identity.finish());
  if (is_new) {
    RecordTotals& totals = found->second;
    for_each_record(context.store, objects, [&totals](RecordContent&& record) {
      ++totals.count;
      totals.stored_bytes += record.stored_size;
    });
  }
  return found->second;
}

}  // namespace courier
