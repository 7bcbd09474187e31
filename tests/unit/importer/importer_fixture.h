// Two sites, an origin and a branch, each with a home of its own, and parcels made between them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "distribution/distribution_manager.h"
#include "distribution/dp_setup.h"
#include "importer/receive.h"
#include "importer/return_parcel.h"
#include "ledger/incoming_book.h"
#include "ledger/ledger.h"
#include "ledger/package_book.h"
#include "ledger/package_dp_book.h"
#include "ledger/return_book.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "ledger/status_log.h"
#include "parcel/parcel_writer.h"
#include "signer/key_ring.h"
#include "signer/trust_list.h"
#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/seeded_entropy.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_files.h"

namespace courier::test {

// A home and everything that is open in it. The faults are the importer's and the shares' own:
// keys, ledger and store use the kernel's file system.
struct Home {
  Home(FileSystem& file_system, const std::string& folder, const std::string& site, FakeClock& time,
       Entropy& random)
      : fs(file_system),
        path(folder),
        code(SiteCode::parse(site)),
        clock(time),
        entropy(random),
        keys(KeyRing::create(real, made(folder), code, "Site " + site, random, time)),
        trust(TrustList::load(real, folder, code, time)),
        ledger(Ledger::create(folder + "/ledger.sqlite", time)),
        store(Store::open(real, folder + "/store", Store::Access::write)),
        distribution(DistributionParts{file_system, time, random, journal, store, ledger, code}) {
    SiteBook{ledger}.init_self(code, "Site " + site, keys.incarnation());
    Settings{ledger}.set("dp.reserve", "0");
  }
  static const std::string& made(const std::string& folder) {
    std::filesystem::create_directories(folder);
    return folder;
  }

  void join(Home& other, SiteRole role) {
    const SiteIdentity identity = SiteIdentity::parse(other.keys.export_identity(1, 0));
    trust.join(identity, role, JoinDecision::by_trust());
    SiteRow row;
    row.code = other.code;
    row.name = identity.name;
    row.role = role;
    row.incarnation = identity.incarnation;
    SiteBook{ledger}.join(row);
  }

  ImporterParts parts() {
    return ImporterParts{fs,   clock, entropy, journal, path,
                         keys, trust, store,   ledger,  distribution};
  }
  ReceiveReport take(const std::string& source, const std::string& return_to = {}) {
    ReceiveOptions options;
    options.return_to = return_to;
    return receive(parts(), source, options);
  }
  DpView add_share(const std::string& name, const std::string& at) {
    std::filesystem::create_directories(at);
    return add_dp(DistributionParts{fs, clock, entropy, journal, store, ledger, code}, name, {at},
                  {}, false);
  }
  std::size_t messages(const std::string& id) { return StatusLog{ledger}.list(id).size(); }
  bool store_is_clean() { return store.check().clean(); }

  PosixFileSystem real;
  FileSystem& fs;
  const std::string path;
  const SiteCode code;
  FakeClock& clock;
  Entropy& entropy;
  Journal journal;
  KeyRing keys;
  TrustList trust;
  Ledger ledger;
  Store store;
  DistributionManager distribution;
};

// What goes into one parcel.
struct Load {
  std::vector<Item> items;
  std::vector<Digest> roots;                      // whose closures are carried
  std::vector<Digest> except = {};                // and whose are left out
  std::function<void(ParcelDraft&)> change = {};  // of the draft, before it is written
  std::function<void(Block&)> spoil = {};         // the sender's own blocks, before sealing
  RecordKind kind = RecordKind::block;
};

class ImporterTest : public ::testing::Test {
 protected:
  ImporterTest() {
    pun.join(pse, SiteRole::child);
    pse.join(pun, SiteRole::parent);
    pse.add_share("files", folder / "share");
    std::filesystem::create_directories(folder / "usb");
  }

  // A folder with these files, in the origin's store. Returns its root.
  Digest content(const std::string& name, const std::map<std::string, std::string>& files) {
    const std::string at = folder / name;
    write_files(at, files);
    return pun.store.snapshot(at).root;
  }

  static Item item(ItemKind kind, const PackageId& package, std::uint32_t version,
                   const Digest& root, std::uint64_t job) {
    Item made;
    made.set_kind(kind);
    made.jobs = {job};
    made.package = package;
    made.version = version;
    made.root = root;
    made.package_name = "Field tools";
    return made;
  }

  // Writes a parcel from one home to others at `path`, one object a record.
  void make_parcel(Home& from, const std::vector<Home*>& to, std::uint64_t number, const Load& load,
                   const std::string& path) {
    ParcelDraft draft;
    for (Home* site : to) {
      DraftAddressee addressee;
      addressee.code = site->code;
      addressee.number = number;
      addressee.known_incarnation = 1;
      addressee.sealing_key = site->keys.public_keys().sealing;
      draft.addressees.push_back(addressee);
    }
    draft.created = clock.now();
    draft.packing_list.items = load.items;
    for (Item& one : draft.packing_list.items) {
      one.jobs.resize(to.size(), one.jobs.empty() ? 0 : one.jobs.front());
    }
    if (load.change) load.change(draft);
    std::string bytes;
    ParcelWriter writer{[&](ByteView data) { bytes.append(as_text(data)); }};
    writer.begin(draft, from.keys, entropy);
    ObjectSet left_out, carried;
    std::uint64_t number_of_record = 0;
    for (const Digest& root : load.except) from.store.add_closure(root, left_out);
    for (const Digest& root : load.roots) from.store.add_closure(root, carried, &left_out);
    from.store.for_each_block(
        carried, [&](const StoredBlock&, const std::vector<BlockObject>& wanted) {
          for (const BlockObject& object : wanted) {
            BlockBuilder builder;
            builder.add(object.kind, object.digest, from.store.read(object.digest, object.kind));
            Block block = compress_block(builder.take(), Level::fast);
            if (load.spoil) load.spoil(block);
            writer.add_sealed(writer.sealer().seal(number_of_record++, block, load.kind));
          }
        });
    writer.finish();
    write_text(path, bytes);
  }

  // The usual: one package version from PUN for PSE on the stick.
  std::string package_parcel(std::uint64_t number, std::uint32_t version, std::uint64_t job,
                             const Digest& root) {
    const std::string path = folder / ("usb/" + std::to_string(number) + ".pcl");
    make_parcel(pun, {&pse}, number, {{item(ItemKind::package, tools, version, root, job)}, {root}},
                path);
    return path;
  }

  // Two packages in one parcel, number 1, each with content of its own.
  std::string two_package_parcel(const Digest& first, const Digest& second) {
    const std::string path = folder / "usb/1.pcl";
    make_parcel(pun, {&pse}, 1,
                {{item(ItemKind::package, tools, 1, first, 1),
                  item(ItemKind::package, extra, 1, second, 2)},
                 {first, second}},
                path);
    return path;
  }

  std::map<std::string, std::string> served() { return tree_of(folder / "share/PUN00020"); }
  PackageDpRow state() { return PackageDpBook{pse.ledger}.get({pse.code, "files", tools}); }

  TempFolder folder{memory_folder()};
  PosixFileSystem real;
  FaultyFileSystem fs{real};
  FakeClock clock;
  SeededEntropy entropy;
  Home pun{real, folder / "pun", "PUN", clock, entropy};
  Home pse{fs, folder / "pse", "PSE", clock, entropy};
  const PackageId tools = PackageId::parse("PUN00020");
  const PackageId extra = PackageId::parse("PUN00021");
};

}  // namespace courier::test
