// Base plan: what a parcel's content is coded against. Only for addressees whose programs read it,
// of packages that have it on, and against versions that all of them have proved to hold.
//
//   BasePairs: which old content each object replaces, once for each parcel --> BaseMap
//     --> base_windows: how much of that and what is around it, for each record
#pragma once

#include <vector>

#include "sender/parcel_plan.h"
#include "sender/plan_content.h"
#include "sender/sender_parts.h"
#include "store/base_map.h"

namespace courier {

// Whether the programs of all these sites read records coded against a base.
bool read_bases(SenderParts& context, const std::vector<SiteCode>& sites);

// The old content for what the plan carries. Empty when there is none; where something of a tree
// cannot be read, what hangs on that goes without.
BaseMap bases_of(SenderParts& context, const ParcelPlan& plan);

// What a record is coded against; empty: nothing.
std::vector<BaseRange> base_of(const BaseMap& map, const RecordContent& content);

}  // namespace courier
