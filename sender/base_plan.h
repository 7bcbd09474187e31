// Base plan: what a parcel's content is coded against. Only for addressees whose programs read it,
// of packages that have it on, and against versions that all of them have proved to hold.
//
//   BasePairs: which old content each object replaces, once for each parcel --> BaseMap
//     --> BaseSearch: in large old files what is most like a record
//     --> base_windows: else how much of the place and what is around it
#pragma once

#include <optional>
#include <vector>

#include "sender/parcel_plan.h"
#include "sender/plan_content.h"
#include "sender/sender_parts.h"
#include "store/base_map.h"

namespace courier {

// Whether the programs of all these sites read parcels with a critical feature (parcel/label.h).
bool all_read(SenderParts& context, const std::vector<SiteCode>& sites, std::uint64_t feature);

// The old content for what the plan carries. Empty when there is none; where something of a tree
// cannot be read, what hangs on that goes without.
BaseMap bases_of(SenderParts& context, const ParcelPlan& plan);

// Of each object that a record carries, in order, the old content that it replaces; nothing at all
// when the map is empty.
std::vector<std::optional<BasePlace>> places_of(const BaseMap& map, const RecordContent& content);

}  // namespace courier
