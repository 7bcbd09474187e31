#include "store/tree_check.h"

#include <algorithm>

#include "base/error.h"
#include "store/store.h"

namespace courier {
namespace {

// Parents first, sorted by name within each folder: the order of the walk.
bool comes_before(const SafePath& a, const SafePath& b) {
  const auto left = a.components();
  const auto right = b.components();
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end());
}

void check_hard_link(Store& store, const Digest& root, const SafePath& path,
                     const TreeEntry& entry) {
  const SafePath target = SafePath::parse(entry.target);
  const auto found = store.find(root, target);
  if (found && found->type == EntryType::file && comes_before(target, path)) return;
  throw Error(
      ErrorCode::damaged, "file " + escaped(path.str()),
      "is a hard link to " + escaped(entry.target) + ", which is no earlier file of the package");
}

}  // namespace

void check_tree(Store& store, const Digest& root) {
  store.walk(root, [&](const SafePath& path, const TreeEntry& entry) {
    if (entry.type == EntryType::hardlink) check_hard_link(store, root, path, entry);
  });
}

}  // namespace courier
