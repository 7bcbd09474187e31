#include "sender/plan_content.h"

#include <utility>

#include "sender/record_cut.h"
#include "store/store.h"

namespace courier {

void for_each_record(Store& store, const ObjectSet& objects,
                     const std::function<void(RecordContent&&)>& each) {
  RecordCut cut;
  RecordContent gathered;
  const auto flush = [&] { each(std::exchange(gathered, {})); };
  store.for_each_block(
      objects, [&](const StoredBlock& block, const std::vector<BlockObject>& wanted) {
        if (wanted.empty()) return;
        if (wanted.front().kind == DigestKind::chunk && cut.end_nodes()) flush();
        if (wanted.size() == block.objects) {
          each({true, {{block.ref, wanted}}, block.stored_size});
          return;
        }
        for (const BlockObject& object : wanted) {
          if (cut.add(object.kind != DigestKind::chunk, object.size)) flush();
          if (gathered.parts.empty() || gathered.parts.back().ref != block.ref)
            gathered.parts.push_back({block.ref, {}});
          gathered.parts.back().objects.push_back(object);
          gathered.stored_size += gathered_size(object.size, block.stored_size, block.raw_size);
        }
      });
  if (cut.end()) flush();
}

}  // namespace courier
