#include "courier/home.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/durable.h"
#include "base/error.h"
#include "ledger/parcel_book.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "sender/outbox.h"

namespace courier {
namespace {

std::string ledger_path(const std::string& home) { return home + "/ledger.sqlite"; }

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

KeyRing open_keys(FileSystem& fs, const std::string& path, Entropy& entropy, const Clock& clock) {
  if (!KeyRing::exists(fs, path)) {
    throw Error(ErrorCode::not_found, "home " + path, "there is no site here")
        .with_loss("nothing was done")
        .with_hint("name the home with --home DIR, or make it a site with 'courier --home " + path +
                   " site init CODE'");
  }
  return KeyRing::open(fs, path, entropy, clock);
}

// A ledger of an older courier is migrated by whoever has the home to himself: that courier may be
// at work on it.
Ledger open_ledger(FileSystem& fs, const std::string& home, const Clock& clock) {
  std::optional<HomeLock> lock;
  if (Ledger::is_older(ledger_path(home), clock)) lock.emplace(fs, home, "migrating the ledger");
  return Ledger::open(ledger_path(home), clock);
}

}  // namespace

std::string find_home(const std::string& option) {
  if (!option.empty()) return option;
  if (const std::string home = from_environment("COURIER_HOME"); !home.empty()) return home;
  if (geteuid() == 0) return "/var/lib/courier";
  if (const std::string data = from_environment("XDG_DATA_HOME"); !data.empty()) {
    return data + "/courier";
  }
  if (const std::string user = from_environment("HOME"); !user.empty()) {
    return user + "/.local/share/courier";
  }
  throw Error(ErrorCode::usage, "home", "neither --home nor COURIER_HOME nor HOME is set")
      .with_hint("give --home DIR");
}

bool Home::exists(FileSystem& fs, const std::string& path) { return KeyRing::exists(fs, path); }

void Home::init(FileSystem& fs, const Clock& clock, Entropy& entropy, const std::string& path,
                const SiteCode& code, const std::string& name, const Secret* passphrase) {
  if (exists(fs, path)) {
    const KeyRing keys = KeyRing::open(fs, path, entropy, clock);
    throw Error(ErrorCode::not_allowed, "home " + path, "is site " + keys.code().str() + " already")
        .with_hint("use another folder for another site");
  }
  const Fd dir = make_dirs(fs, path);
  const HomeLock lock(fs, path, "site init");
  // A ledger without keys is what an interrupted init left.
  for (const char* left : {"ledger.sqlite", "ledger.sqlite-journal"}) {
    if (fs.stat_at(dir, left)) fs.unlink_at(dir, left);
  }
  Ledger ledger = Ledger::create(ledger_path(path), clock);
  make_dirs(fs, outbox_of(path));
  Store::open(fs, path + "/store", Store::Access::write);
  const KeyRing keys = KeyRing::create(fs, path, code, name, entropy, clock, passphrase);
  SiteBook(ledger).init_self(keys.code(), keys.name(), keys.incarnation());
}

Home::Home(FileSystem& fs, Clock& clock, Entropy& entropy, std::string path)
    : fs_(fs),
      clock_(clock),
      entropy_(entropy),
      path_(std::move(path)),
      keys_(open_keys(fs, path_, entropy, clock)),
      trust_(TrustList::load(fs, path_, keys_.code(), clock)),
      ledger_(open_ledger(fs, path_, clock)) {
  SiteBook sites(ledger_);
  // Only when init was interrupted between its last two steps.
  if (!sites.find(keys_.code())) {
    sites.init_self(keys_.code(), keys_.name(), keys_.incarnation());
  }
  journal_ = std::make_unique<Journal>(path_, clock_, Settings(ledger_).number("log.max-size"));
}

Home::~Home() = default;

void Home::lock(const std::string& doing) {
  lock_.emplace(fs_, path_, doing);
  try {
    sweep_outbox(ledger_, fs_, *journal_, path_);
    remove_tree(fs_, open_dir(fs_, path_), kUnpackFolder);
  } catch (const Error&) {
    // It stays visible as what it is, and the next command tries again.
  }
}

Store& Home::store() {
  if (!store_) {
    store_ = std::make_unique<Store>(
        Store::open(fs_, store_path(), lock_ ? Store::Access::write : Store::Access::read));
  }
  return *store_;
}

SenderParts Home::sender() {
  return {ledger_, store(), keys_, trust_, fs_, clock_, entropy_, *journal_, path_};
}

DistributionParts Home::distribution() {
  return {fs_, clock_, entropy_, *journal_, store(), ledger_, keys_.code()};
}

ImporterParts Home::importer(DistributionManager& manager) {
  return {fs_, clock_, entropy_, *journal_, path_, keys_, trust_, store(), ledger_, manager};
}

}  // namespace courier
