// BasePairs: finds the old content that the needed objects of a new tree replace, by their places:
// the same path; else, in the same folder, the same name but for its numbers (`6.1.0-55` and
// `6.1.0-56`), or the only one left of its sort; else anywhere in the old trees the same name but
// for its numbers, from a folder of the same name if there is one, and of the nearest size.
//
// Only folders that have changed are looked into. What is kept in memory of a tree is bounded;
// beyond that content goes without a base.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "sender/base_files.h"
#include "store/base_map.h"
#include "store/object_set.h"
#include "store/tree.h"

namespace courier {

class Store;

class BasePairs {
 public:
  // needed: what the parcel carries. lacking: what an addressee is known to lack: no base.
  BasePairs(Store& store, const ObjectSet& needed, std::unordered_set<Digest> lacking,
            BaseMap& out);

  // old_roots: trees that every addressee holds, the likeliest first. Errors: incomplete, damaged:
  // what was found up to there stands.
  void pair(const Digest& root, const std::vector<Digest>& old_roots);

 private:
  // What pairing needs of an entry.
  struct Loose {
    std::string name;    // normalised
    std::string folder;  // normalised name of the folder it is in
    TreeEntry entry;     // without name and attributes
  };
  struct Folders {
    Digest fresh, old;  // top nodes; zero: an empty folder, or none
    std::string name;   // normalised, of the fresh one
  };

  void pair_folders(const Folders& folders);
  void pair_left_over(std::vector<Loose>& left, std::vector<Loose>& gone);
  void pair_entries(const Loose& fresh, const TreeEntry& old);
  void set_aside(Loose entry);
  void pair_moved(const Digest& old_root);

  Store& store_;
  const ObjectSet& needed_;
  const std::unordered_set<Digest> lacking_;
  BaseMap& out_;
  BaseFiles files_;
  std::vector<Folders> open_;    // to be looked into
  std::vector<Loose> unpaired_;  // files
};

// A name without its numbers: "libx-1.2.so" and "libx-1.10.1.so" are both "libx-#.so".
std::string without_numbers(const std::string& name);

}  // namespace courier
