// PlanContent: where the content of a plan lies, and how it is cut into records. The planner counts
// the records by it and the builder makes them by it, so that both always agree.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "parcel/packing_list.h"
#include "sender/parcel_plan.h"
#include "store/object_set.h"
#include "store/reports.h"

namespace courier {

class Store;

struct ParcelPlan::Content {
  PackingList list;  // jobs in the order of the plan's addressees
  ObjectSet needed;
};

// What one record carries: a stored block as it is, or objects gathered out of several.
struct RecordContent {
  bool as_it_is = false;  // then there is one part, with all of its block's objects
  struct Part {
    BlockRef ref;
    std::vector<BlockObject> objects;  // in the order of the block
  };
  std::vector<Part> parts;
  std::uint64_t stored_size = 0;  // of a gathered record: an estimate
};

// Calls each for the records that carry these objects, in the order of their numbers: nodes before
// data, and as they lie in the packs. Objects that are not in the store are passed over.
void for_each_record(Store& store, const ObjectSet& objects,
                     const std::function<void(RecordContent&&)>& each);

}  // namespace courier
