#include "sender/plan_memory.h"

#include "sender/scheduler.h"

namespace courier {

const std::string& PlanMemory::lacks(SenderParts& context, const JobRow& job) {
  static const std::string nothing;
  if (job.kind == JobKind::remove) return nothing;
  const auto [found, is_new] = lacks_.try_emplace({job.package, job.version});
  if (is_new) found->second = lacks_content(context, job);
  return found->second;
}

}  // namespace courier
