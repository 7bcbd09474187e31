// BaseFiles: of two files, one in a new tree and one in an old one, which part of the old one each
// needed chunk and list node of the new one replaces.
//
// A chunk that is in both files says where what lies beside it is to be looked for; without any, a
// chunk is looked for at the same share of the old file.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "store/base_map.h"
#include "store/object_set.h"
#include "store/tree.h"

namespace courier {

class Store;

class BaseFiles {
 public:
  // needed: what the parcel carries. lacking: what an addressee is known to lack: no base.
  BaseFiles(Store& store, const ObjectSet& needed, const std::unordered_set<Digest>& lacking,
            BaseMap& out)
      : store_(store), needed_(needed), lacking_(lacking), out_(out) {}

  // Both are files. Errors: incomplete, damaged (nodes of either).
  void pair(const TreeEntry& fresh, const TreeEntry& old);

 private:
  struct OldFile;
  class Walk;

  bool read_old(const TreeEntry& old, OldFile& out);
  void read_old_node(const NodeRef& ref, OldFile& out, std::uint64_t& offset);

  Store& store_;
  const ObjectSet& needed_;
  const std::unordered_set<Digest>& lacking_;
  BaseMap& out_;
};

}  // namespace courier
