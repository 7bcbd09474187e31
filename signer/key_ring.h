// KeyRing: a site's own keys, the only place in Courier that holds them. Nothing secret leaves it:
// signing and opening happen here.
//
// One file, HOME/keys/key_ring, mode 0600, holds all: public parts that are readable while the ring
// is locked (who the site is, its incarnation, its key generations and the certificates between
// them) and the secret parts, in clear or wrapped with a passphrase (Argon2id, then
// XChaCha20-Poly1305 with the public keys as associated data). Every change, rotation included, is
// one atomic replacement of that file: before it the old keys work, after it the new ones, and
// there is no third state. Memory changes only after the file is durable, so nothing is ever signed
// with a key that a power cut can take back. `site init` writes the ring last of all that makes a
// home: a folder without this file is no site yet, and the same command goes on.
//
// A signing key is wiped when it is replaced; sealing keys of the last generations stay, so that
// parcels under way still open.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/durable.h"
#include "base/entropy.h"
#include "base/file_system.h"
#include "base/secret.h"
#include "base/vocabulary.h"
#include "signer/key_file.h"
#include "signer/public_keys.h"
#include "signer/receipt_words.h"
#include "signer/site_identity.h"

namespace courier {

class KeyRing {
 public:
  // Whether a home is a site's.
  static bool exists(FileSystem& fs, const std::string& home);

  // Makes generation 1 and the first incarnation, and writes the ring (wrapped when a passphrase is
  // given). Errors: not_allowed, when the home is a site already; usage, when the name is too long
  // or no UTF-8; no_space, device.
  static KeyRing create(FileSystem& fs, const std::string& home, const SiteCode& code,
                        const std::string& name, Entropy& entropy, const Clock& clock,
                        const Secret* passphrase = nullptr, PassphraseCost cost = {});

  // Reads the ring; locked when it has a passphrase. Errors: not_found (no site yet; hint site
  // init), damaged, unsupported (written by a newer courier), not_allowed (others can read the
  // file), device.
  static KeyRing open(FileSystem& fs, const std::string& home, Entropy& entropy,
                      const Clock& clock);

  const SiteCode& code() const { return file_.code; }
  const std::string& name() const { return file_.name; }
  const Incarnation& incarnation() const { return file_.incarnation; }
  Time created() const { return file_.created; }
  std::uint32_t generation() const { return file_.generations.back().number; }
  const PublicKeys& public_keys() const { return file_.generations.back().keys; }
  Fingerprint fingerprint() const { return Fingerprint(code(), public_keys()); }
  // Whose sealing keys are still here, oldest first.
  const std::vector<KeyGeneration>& generations() const { return file_.generations; }
  // Encoded, oldest first, at most kMaxSuccession: what a label and an identity carry.
  const std::vector<Bytes>& rotation_certificates() const { return file_.succession; }

  bool has_passphrase() const { return file_.wrapping.has_value(); }
  bool is_locked() const { return secrets_.empty(); }
  // Errors: keys_locked, when the passphrase is wrong; damaged; device, when memory does not
  // suffice. Ensures: unlocking an unlocked ring does nothing.
  void unlock(const Secret& passphrase);
  // Errors: keys_locked, with the ways to unlock.
  void require_unlocked() const;

  // Signs with the current key. Errors: keys_locked.
  Signature sign(DigestKind domain, ByteView message) const;
  // Signs a receipt's code with the current key. Errors: keys_locked.
  Signature sign_receipt(ByteView message) const;
  // What a receipt's words stand for. Precondition: one of the pair's keys is a generation's of
  // this site. Errors: keys_locked; not_trusted, when the other one gives no secret.
  ReceiptTag receipt_tag(const ReceiptPair& pair, ByteView statement) const;
  // Opens a box sealed to any generation's key of this site; nullopt when it is for none of them.
  // Errors: keys_locked.
  std::optional<Secret> open_sealed(ByteView box) const;

  // This site's identity; format_version and features: what this program reads.
  SiteIdentity identity(std::uint16_t format_version, std::uint64_t features) const;
  // The identity file. Errors: keys_locked.
  Bytes export_identity(std::uint16_t format_version, std::uint64_t features) const;

  // Makes new keys, vouched for by the old ones. Errors for this and the following: keys_locked,
  // busy (another courier changed the keys meanwhile), no_space, device. Ensures: after a failure
  // the ring in memory is as before, and the file too unless only its folder could not be synced.
  void rotate();
  // Makes new keys that nothing vouches for: the old ones are lost or in wrong hands. A passphrase
  // given here is the new one. Works on a locked ring too (the passphrase is lost): then the old
  // secrets go, and without a new passphrase the new keys have none.
  void rotate_lost(const Secret* new_passphrase = nullptr, PassphraseCost cost = {});
  // Starts a new incarnation with the next ordinal; works on a locked ring.
  void new_incarnation();
  // Wraps the secrets with a new passphrase; nullptr takes it off. Errors: keys_locked.
  void set_passphrase(const Secret* passphrase, PassphraseCost cost = {});

  // The ring's file as it is, wrapped or not, for a backup.
  Secret copy_of_file() const;
  // The incarnation that a site restored from such a copy starts.
  static Incarnation next_incarnation(ByteView copy, Entropy& entropy);
  // Writes a ring from such a copy with that incarnation into a home that has none: the last step
  // of a restore. Errors: as open, and not_allowed when the home has a ring.
  static KeyRing restore(FileSystem& fs, const std::string& home, ByteView copy,
                         const Incarnation& incarnation, Entropy& entropy, const Clock& clock);
  // Reads a copy to the end and throws what open would, without writing; gives the site's code.
  static SiteCode check_copy(ByteView copy);

 private:
  KeyRing(FileSystem& fs, std::string home, Entropy& entropy, const Clock& clock);
  void replace_current_key(KeyFile& file, Secret& secrets, std::uint32_t number) const;
  // Wraps when file has a wrapping, makes it durable, then takes it over.
  void save(KeyFile file, Secret secrets, Secret wrapping_key, Replace replace);

  FileSystem* fs_;
  std::string home_;
  Entropy* entropy_;
  const Clock* clock_;
  KeyFile file_;
  Digest on_disk_;       // of the file as read or written last: nobody else's change is undone
  Secret secrets_;       // as KeyFile describes; empty while locked
  Secret wrapping_key_;  // of an unlocked ring with a passphrase: to wrap again after a change
};

}  // namespace courier
