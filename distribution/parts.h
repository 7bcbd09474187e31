// What every class of this room works with. Plain references: they outlive the room's objects.
#pragma once

#include "base/clock.h"
#include "base/entropy.h"
#include "base/file_system.h"
#include "base/journal.h"
#include "base/vocabulary.h"

namespace courier {

class Store;
class Ledger;

struct DistributionParts {
  FileSystem& fs;
  const Clock& clock;
  Entropy& entropy;
  Journal& journal;
  Store& store;
  Ledger& ledger;
  SiteCode site;  // this one
};

}  // namespace courier
