// RecordWriter: reads what a parcel carries, seals it and writes it, over all cores.
#pragma once

#include <functional>

#include "parcel/parcel_writer.h"
#include "sender/record_map.h"
#include "store/base_map.h"
#include "store/block.h"
#include "store/object_set.h"

namespace courier {

class Store;

// Writes the records that carry these objects, in order, and notes in the map what is in each.
// written: called after each of them; may be empty. What is under way takes some 300 MiB at most.
// Errors: damaged, incomplete, device; what the writer's sink throws.
void write_records(Store& store, const ObjectSet& objects, const BaseMap& bases, Level level,
                   ParcelWriter& writer, RecordMapWriter& map,
                   const std::function<void()>& written);

}  // namespace courier
