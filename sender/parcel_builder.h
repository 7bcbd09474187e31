// ParcelBuilder: carries a plan out as HOME/outbox/FROM-TO-NUMBER.pcl, sealed and signed.
//
// Order of what becomes durable: the number (ledger) -> the record map -> the parcel under its name
// -> the rows (ledger: Created, jobs in the parcel). A crash before the last leaves no parcel: a
// file whose number never became a parcel is swept (sender/outbox.h), and its jobs are pending as
// before. Source: behaviours.md P1, B9, B21.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/progress.h"
#include "ledger/parcel_book.h"
#include "sender/parcel_plan.h"
#include "sender/sender_parts.h"
#include "store/block.h"

namespace courier {

struct CreateRequest {
  PlanRequest plan;
  std::string name, comment, carrier, tracking;
  std::optional<Time> expected;
  // Of what has to be compressed anew; small: also of blocks that the store has larger.
  Level level = Level::standard;
  ProgressSink progress;
  std::function<void(const std::string& path)> begins;  // told before the first byte; may be empty
};

struct CreatedParcel {
  ParcelRow parcel;
  ParcelPlan plan;
  std::string path;  // in the outbox
};

class ParcelBuilder {
 public:
  explicit ParcelBuilder(SenderParts& context) : context_(context) {}

  // Caller holds the home lock. Errors: not_allowed when nothing is pending (each job's reason in
  // the hint), or a file of that name is there; usage when nothing fits into max_bytes;
  // keys_locked; no_space before anything is written when the outbox cannot take the estimate;
  // damaged, incomplete, device, unsupported (an addressee that cannot read what would be written).
  // Ensures: after a failure nothing is visible and the jobs are pending as before.
  CreatedParcel create(const CreateRequest& request);

 private:
  void note_sizes(const ParcelPlan& plan);

  SenderParts& context_;
};

}  // namespace courier
