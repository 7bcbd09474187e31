// Distributor: the verbs that make jobs (distribute, redistribute, retract). For another site a job
// waits to be routed and put into a parcel; for this site it is a local job, whose transfer jobs
// the distribution room makes and runs. Source: behaviours.md J1, J15, T1, T11, T17, B3 to B5, B47.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/vocabulary.h"
#include "ledger/job_book.h"
#include "ledger/package_book.h"
#include "sender/sender_parts.h"
#include "sender/targets.h"

namespace courier {

struct MadeJob {
  std::uint64_t job = 0;
  Target target;
  bool local = false;    // the target is this site: distribution goes on with it
  bool existed = false;  // an open job asked for exactly this already: no second one (B21)
};

class Distributor {
 public:
  explicit Distributor(SenderParts& context) : context_(context) {}

  // A job per target site, each in one transaction. Errors: not_found (package; site not joined,
  // hint `site join`; content not stored, hint `package update`); not_allowed (no address; the
  // preferred sender has none, hint `address add`).
  std::vector<MadeJob> distribute(const PackageId& package, const std::vector<Target>& targets,
                                  std::optional<Priority> priority = {});
  // The same version again, the whole of it, held or not.
  std::vector<MadeJob> redistribute(const PackageId& package, const std::vector<Target>& targets,
                                    std::optional<Priority> priority = {});
  // Removes the package there, also one that was removed here.
  std::vector<MadeJob> retract(const PackageId& package, const std::vector<Target>& targets);
  // package update: jobs of the new version for every target that has, or waits for, the package.
  std::vector<MadeJob> distribute_update(const PackageId& package);

 private:
  std::vector<MadeJob> ask(JobKind kind, const PackageRow& package,
                           const std::vector<Target>& targets, std::optional<Priority> priority);
  std::vector<MadeJob> make(JobKind kind, const PackageRow& package,
                            const std::vector<Target>& targets, std::optional<Priority> priority);
  void check_address(const PackageRow& package, const SiteCode& site);

  SenderParts& context_;
};

}  // namespace courier
