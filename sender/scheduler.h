// Scheduler: accepted jobs become routed ones, and every job that stays behind has a reason.
// Source: behaviours.md J2 to J4, J12, B4 to B6, B21, B23.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "ledger/address_book.h"
#include "ledger/job_book.h"
#include "sender/sender_parts.h"

namespace courier {

struct PendingJob {
  JobRow job;
  bool ready = false;  // the next parcel takes it, size permitting
  std::string reason;  // why not, when it is not; else why it has not gone yet, if there is a why
};

// Why this store cannot give what the job sends, and what to do; empty: it can, or the job sends no
// content.
std::string lacks_content(SenderParts& context, const JobRow& job);

class Scheduler {
 public:
  explicit Scheduler(SenderParts& context) : context_(context) {}

  // Routes what can be routed, takes up jobs in error whose time has come, gives up those past
  // job.retry-days. Idempotent; needs no home lock.
  void run();
  void run(const SiteCode& site);
  // What waits for a site, in sending order, after run(). Errors: not_found; not_allowed when a job
  // prefers a sender that has no address (B5), naming both.
  std::vector<PendingJob> pending(const SiteCode& site);

 private:
  // What waits for the site, after routing.
  std::vector<JobRow> routed(const SiteCode& site);
  // Takes one job as far as it can go now. Within a transaction.
  void advance(JobRow job, Time now, std::chrono::hours give_up_after);
  const std::string& preferred(const PackageId& package);

  SenderParts& context_;
  std::map<PackageId, std::string> preferred_;  // senders; as they were when they were asked for
};

}  // namespace courier
