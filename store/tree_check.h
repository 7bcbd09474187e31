// Tree check: what a package version's tree must be beyond every node being well-formed, so that
// what cannot be written anywhere is refused when it arrives and not tried again on every share.
#pragma once

#include "base/digest.h"

namespace courier {

class Store;

// Walks the whole tree. Errors: damaged, naming the path: a path that is too long or too deep; a
// hard link to something that is not a file of the tree, reached through folders alone and earlier
// in its order; nodes that are not what the object model allows. incomplete, when a node is not
// here.
void check_tree(Store& store, const Digest& root);

}  // namespace courier
