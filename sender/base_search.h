// BaseSearch: where in a large old file lies what is most like the content of a record. An offset
// says little there: in a program that was linked anew it drifts by megabytes, in an image of a
// disk files lie anywhere. So the content itself is asked (store/similarity.h).
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "store/base_map.h"
#include "store/block.h"

namespace courier {

class Store;

class BaseSearch {
 public:
  explicit BaseSearch(Store& store) : store_(store) {}

  // What a record is coded against. places: of each object in it, in order, what it replaces, if
  // that is known; of a small file, or where nothing is alike, what is around that place is taken.
  // At most kMaxBase. Learns an old file when it is first named, once. Thread-safe.
  std::vector<BaseRange> find(const BlockBuilder::Raw& record,
                              const std::vector<std::optional<BasePlace>>& places);

 private:
  struct OldFile;

  std::shared_ptr<const OldFile> known(const BasePlace& place);

  Store& store_;
  std::mutex mutex_;
  std::list<std::shared_ptr<OldFile>> files_;  // the last ones named, the newest first
};

}  // namespace courier
