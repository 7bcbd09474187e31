// What every class of this room works with. Plain references: they outlive the room's objects.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/file_system.h"
#include "base/journal.h"

namespace courier {

class KeyRing;
class TrustList;
class Store;
class Ledger;
class DistributionManager;

struct ImporterParts {
  FileSystem& fs;
  const Clock& clock;
  Entropy& entropy;
  Journal& journal;
  std::string home;  // its folder: quarantine/ and outbox/ lie there
  KeyRing& keys;     // unlocked
  TrustList& trust;
  Store& store;
  Ledger& ledger;
  DistributionManager& distribution;
};

}  // namespace courier
