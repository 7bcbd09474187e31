// Home: one folder that holds everything a site knows, and what a command works with: file system,
// clock, entropy, journal, keys, trust list, ledger, store.
//
//   HOME/courier.lock  keys/  trust/  ledger.sqlite  store/  outbox/  quarantine/  log/
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/durable.h"
#include "base/entropy.h"
#include "base/file_system.h"
#include "base/home_lock.h"
#include "base/journal.h"
#include "distribution/parts.h"
#include "importer/parts.h"
#include "ledger/ledger.h"
#include "sender/sender_parts.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"
#include "store/store.h"

namespace courier {

// `option` if given, else $COURIER_HOME, else /var/lib/courier as root, else
// $XDG_DATA_HOME/courier or ~/.local/share/courier. Errors: usage, when none of these is set.
std::string find_home(const std::string& option);

// Where archives are unpacked, in the home, while a command runs.
inline constexpr const char* kUnpackFolder = "unpacking";

class Home {
 public:
  // Whether the folder is a site's home.
  static bool exists(FileSystem& fs, const std::string& path);
  // Makes the folder a site's home: ledger, store and, last of all, the keys, so that after a crash
  // the same command starts again. Errors: not_allowed, when it is one; no_space, device.
  static void init(FileSystem& fs, const Clock& clock, Entropy& entropy, const std::string& path,
                   const SiteCode& code, const std::string& name, const Secret* passphrase);
  // Opens a site's home; the keys may be locked. Errors: not_found, hint site init; newer_ledger;
  // damaged; unsupported.
  Home(FileSystem& fs, Clock& clock, Entropy& entropy, std::string path);
  ~Home();
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  // Holds the home's lock from here on, and removes what a crash left in the outbox or unpacked.
  // Errors: busy.
  void lock(const std::string& doing);

  const std::string& path() const { return path_; }
  FileSystem& fs() { return fs_; }
  Clock& clock() { return clock_; }
  Entropy& entropy() { return entropy_; }
  Journal& journal() { return *journal_; }
  KeyRing& keys() { return keys_; }
  TrustList& trust() { return trust_; }
  Ledger& ledger() { return ledger_; }
  // Opened when first asked for; for writing when the lock is held.
  Store& store();
  // Gives the store up, so that its index can be made again.
  // What the rooms work with.
  SenderParts sender();
  DistributionParts distribution();
  ImporterParts importer(DistributionManager& manager);

  std::string store_path() const { return path_ + "/store"; }

 private:
  FileSystem& fs_;
  Clock& clock_;
  Entropy& entropy_;
  std::string path_;
  KeyRing keys_;
  TrustList trust_;
  Ledger ledger_;
  std::unique_ptr<Journal> journal_;
  std::optional<HomeLock> lock_;
  std::unique_ptr<Store> store_;
};

}  // namespace courier
