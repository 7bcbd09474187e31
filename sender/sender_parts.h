// SenderParts: what the outbound side works with. Every reference outlives it; the program makes
// one from its Home.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/file_system.h"
#include "base/journal.h"
#include "ledger/ledger.h"

namespace courier {

class KeyRing;
class Store;
class TrustList;

struct SenderParts {
  Ledger& ledger;
  Store& store;
  KeyRing& keys;
  TrustList& trust;
  FileSystem& fs;
  const Clock& clock;
  Entropy& entropy;
  Journal& journal;
  std::string home;  // outbox/ is beneath it
};

}  // namespace courier
