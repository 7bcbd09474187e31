#include "signer/key_ring.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/sodium_ready.h"
#include "signer/folder_lock.h"
#include "signer/sealed_box.h"
#include "signer/signature.h"

namespace courier {

namespace {

constexpr char kFileName[] = "key_ring";

std::string folder_of(const std::string& home) { return home + "/keys"; }
std::string path_of(const std::string& home) { return folder_of(home) + "/" + kFileName; }

Error no_site_yet(const std::string& home) {
  return Error(ErrorCode::not_found, "home " + home, "is no site yet")
      .with_hint("make it one with 'courier site init CODE', or name another with --home");
}

// Read into wiped memory, as it may hold secrets in clear.
Secret read_ring(FileSystem& fs, const std::string& home) {
  if (!KeyRing::exists(fs, home)) throw no_site_yet(home);
  const Fd dir = open_dir(fs, folder_of(home));
  const Fd fd = fs.open_at(dir, kFileName, O_RDONLY | O_CLOEXEC);
  const struct stat info = fs.stat(fd);
  if ((info.st_mode & 077) != 0) {
    throw Error(ErrorCode::not_allowed, "key ring " + path_of(home),
                fmt::format("can be read by others (mode {:04o})", info.st_mode & 07777))
        .with_hint(
            fmt::format("run 'chmod 600 {}'; if somebody may have read it, make new keys with"
                        " 'courier site rotate-key --lost'",
                        path_of(home)));
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size > kMaxKeyFileSize) {
    throw Error(ErrorCode::damaged, "key ring " + path_of(home),
                fmt::format("has {} bytes; it has at most {}", size, kMaxKeyFileSize));
  }
  Secret file(static_cast<std::size_t>(size));
  std::size_t done = 0;
  while (done < file.size()) {
    const std::size_t n = fs.read(fd, file.bytes().subspan(done));
    if (n == 0) break;
    done += n;
  }
  if (done == file.size()) return file;
  return Secret::copy_of(file.view().first(done));
}

Incarnation make_incarnation(std::uint32_t ordinal, Entropy& entropy) {
  Incarnation incarnation;
  incarnation.ordinal = ordinal;
  entropy.fill(incarnation.random);
  return incarnation;
}

Incarnation after(const Incarnation& incarnation, Entropy& entropy) {
  if (incarnation.ordinal == std::numeric_limits<std::uint32_t>::max()) {
    throw Error(ErrorCode::not_allowed, "incarnation " + incarnation.str(),
                "has no successor: its ordinal is the last one");
  }
  return make_incarnation(incarnation.ordinal + 1, entropy);
}

// Whole seconds: what the file keeps.
Time now_in_seconds(const Clock& clock) { return from_seconds(to_seconds(clock.now())); }

ParsedKeyFile parse_copy(ByteView copy) {
  ParsedKeyFile parsed = parse_key_file(copy, "key ring in the backup");
  if (!parsed.file.wrapping) parsed.file.check_secrets(parsed.clear_secrets);
  return parsed;
}

void start_wrapping(KeyFile& file, PassphraseCost cost, Entropy& entropy) {
  file.wrapping.emplace();
  file.wrapping->cost = cost;
  entropy.fill(file.wrapping->salt);
}

}  // namespace

KeyRing::KeyRing(FileSystem& fs, std::string home, Entropy& entropy, const Clock& clock)
    : fs_(&fs), home_(std::move(home)), entropy_(&entropy), clock_(&clock) {}

bool KeyRing::exists(FileSystem& fs, const std::string& home) {
  try {
    const Fd dir = open_dir(fs, folder_of(home));
    return fs.stat_at(dir, kFileName).has_value();
  } catch (const Error& e) {
    if (e.code() == ErrorCode::not_found) return false;
    throw;
  }
}

KeyRing KeyRing::create(FileSystem& fs, const std::string& home, const SiteCode& code,
                        const std::string& name, Entropy& entropy, const Clock& clock,
                        const Secret* passphrase, PassphraseCost cost) {
  if (exists(fs, home)) {
    throw Error(ErrorCode::not_allowed, "home " + home, "is a site already")
        .with_hint("'courier site show' says which; name another home with --home");
  }
  if (name.size() > kMaxSiteNameSize || !is_valid_utf8(name) ||
      name.find('\0') != std::string::npos) {
    throw Error(ErrorCode::usage, "site name '" + escaped(name.substr(0, 80)) + "'",
                fmt::format("is not valid: at most {} bytes of UTF-8", kMaxSiteNameSize));
  }
  KeyRing ring(fs, home, entropy, clock);
  KeyFile file;
  file.code = code;
  file.name = name;
  file.created = now_in_seconds(clock);
  file.incarnation = make_incarnation(1, entropy);
  Secret secrets(32);
  ring.replace_current_key(file, secrets, 1);
  Secret wrapping_key;
  if (passphrase != nullptr) {
    start_wrapping(file, cost, entropy);
    wrapping_key = derive_wrapping_key(*file.wrapping, *passphrase);
  }
  ring.save(std::move(file), std::move(secrets), std::move(wrapping_key), Replace::never);
  return ring;
}

KeyRing KeyRing::open(FileSystem& fs, const std::string& home, Entropy& entropy,
                      const Clock& clock) {
  KeyRing ring(fs, home, entropy, clock);
  const Secret bytes = read_ring(fs, home);
  ParsedKeyFile parsed = parse_key_file(bytes.view(), "key ring " + path_of(home));
  if (!parsed.file.wrapping) parsed.file.check_secrets(parsed.clear_secrets);
  ring.file_ = std::move(parsed.file);
  ring.secrets_ = std::move(parsed.clear_secrets);
  ring.on_disk_ = digest_of(DigestKind::site_file, bytes.view());
  return ring;
}

void KeyRing::unlock(const Secret& passphrase) {
  if (!is_locked()) return;
  Secret key = derive_wrapping_key(*file_.wrapping, passphrase);
  std::optional<Secret> secrets = file_.unwrap(key);
  if (!secrets) {
    throw Error(ErrorCode::keys_locked, "keys of site " + code().str(), "the passphrase is wrong")
        .with_hint(
            "try again; if it is forgotten, 'courier site rotate-key --lost' makes new keys, which"
            " every other site must accept by fingerprint");
  }
  file_.check_secrets(*secrets);
  secrets_ = std::move(*secrets);
  wrapping_key_ = std::move(key);
}

void KeyRing::require_unlocked() const {
  if (is_locked()) {
    throw Error(ErrorCode::keys_locked, "keys of site " + code().str(),
                "are locked with a passphrase");
  }
}

Signature KeyRing::sign(DigestKind domain, ByteView message) const {
  require_unlocked();
  return SigningKey(secrets_.view().first(32)).sign(domain, message);
}

Signature KeyRing::sign_receipt(ByteView message) const {
  require_unlocked();
  return SigningKey(secrets_.view().first(32)).sign_receipt(message);
}

ReceiptTag KeyRing::receipt_tag(const ReceiptPair& pair, ByteView statement) const {
  require_unlocked();
  for (std::size_t i = file_.generations.size(); i-- > 0;) {
    const PublicKey& own = file_.generations[i].keys.sealing;
    if (own != pair.sender && own != pair.addressee) continue;
    return make_receipt_tag(pair, secrets_.view().subspan(32 + 32 * i, 32),
                            own == pair.sender ? pair.addressee : pair.sender, statement);
  }
  bug("a receipt's keys are none of this site's");
}

std::optional<Secret> KeyRing::open_sealed(ByteView box) const {
  require_unlocked();
  if (box.size() < kSealedBoxOverhead) return std::nullopt;
  Secret content(box.size() - kSealedBoxOverhead);
  for (std::size_t i = file_.generations.size(); i-- > 0;) {
    const PublicKey& key = file_.generations[i].keys.sealing;
    const ByteView secret = secrets_.view().subspan(32 + 32 * i, 32);
    if (crypto_box_seal_open(content.bytes().data(), box.data(), box.size(), key.data(),
                             secret.data()) == 0) {
      return content;
    }
  }
  return std::nullopt;
}

SiteIdentity KeyRing::identity(std::uint16_t format_version, std::uint64_t features) const {
  SiteIdentity identity;
  identity.code = code();
  identity.name = name();
  identity.key_generation = generation();
  identity.keys = public_keys();
  identity.incarnation = incarnation();
  identity.created = file_.generations.back().created;
  identity.format_version = format_version;
  identity.features = features;
  identity.succession = file_.succession;
  return identity;
}

Bytes KeyRing::export_identity(std::uint16_t format_version, std::uint64_t features) const {
  const SiteIdentity mine = identity(format_version, features);
  return mine.encode_signed(sign(DigestKind::identity_signature, mine.signed_part()));
}

void KeyRing::rotate() {
  require_unlocked();
  KeyFile next = file_;
  RotationCertificate certificate;
  certificate.code = code();
  certificate.old_generation = generation();
  certificate.old_keys = fingerprint().digest();
  Secret secrets = Secret::copy_of(secrets_.view());
  replace_current_key(next, secrets, generation() + 1);
  certificate.new_generation = next.generations.back().number;
  certificate.new_keys = next.generations.back().keys;
  certificate.created = next.generations.back().created;
  certificate.signature = sign(DigestKind::rotation_signature, certificate.signed_part());
  next.succession.push_back(certificate.encode());
  if (next.succession.size() > kMaxSuccession) next.succession.erase(next.succession.begin());
  save(std::move(next), std::move(secrets), Secret::copy_of(wrapping_key_.view()), Replace::always);
}

void KeyRing::rotate_lost(const Secret* new_passphrase, PassphraseCost cost) {
  KeyFile next = file_;
  next.succession.clear();
  Secret secrets;
  Secret wrapping_key;
  if (is_locked()) {
    // Nobody can open what was sealed to the old keys any more; only their count goes on.
    next.wrapping.reset();
    next.generations.clear();
    secrets = Secret(32);
  } else {
    secrets = Secret::copy_of(secrets_.view());
    wrapping_key = Secret::copy_of(wrapping_key_.view());
  }
  replace_current_key(next, secrets, generation() + 1);
  if (new_passphrase != nullptr) {
    start_wrapping(next, cost, *entropy_);
    wrapping_key = derive_wrapping_key(*next.wrapping, *new_passphrase);
  }
  save(std::move(next), std::move(secrets), std::move(wrapping_key), Replace::always);
}

// Appends a generation to file and puts its secrets into secrets, the new signing seed in the place
// of the old.
void KeyRing::replace_current_key(KeyFile& file, Secret& secrets, std::uint32_t number) const {
  const std::size_t dropped = file.generations.size() >= kMaxKeyGenerations ? 1 : 0;
  file.generations.erase(file.generations.begin(),
                         file.generations.begin() + static_cast<std::ptrdiff_t>(dropped));
  const ByteView kept = secrets.view().subspan(32 + 32 * dropped);
  Secret next(32 + kept.size() + 32);
  entropy_->fill(next.bytes().first(32));
  if (!kept.empty()) std::memcpy(next.bytes().data() + 32, kept.data(), kept.size());
  entropy_->fill(next.bytes().last(32));

  KeyGeneration generation;
  generation.number = number;
  generation.keys.signing = SigningKey(next.view().first(32)).public_key();
  generation.keys.sealing = sealing_key_of(next.view().last(32));
  generation.created = now_in_seconds(*clock_);
  file.generations.push_back(generation);
  secrets = std::move(next);
}

void KeyRing::new_incarnation() {
  KeyFile next = file_;
  next.incarnation = after(file_.incarnation, *entropy_);
  save(std::move(next), Secret::copy_of(secrets_.view()), Secret::copy_of(wrapping_key_.view()),
       Replace::always);
}

void KeyRing::set_passphrase(const Secret* passphrase, PassphraseCost cost) {
  require_unlocked();
  KeyFile next = file_;
  Secret wrapping_key;
  next.wrapping.reset();
  if (passphrase != nullptr) {
    start_wrapping(next, cost, *entropy_);
    wrapping_key = derive_wrapping_key(*next.wrapping, *passphrase);
  }
  save(std::move(next), Secret::copy_of(secrets_.view()), std::move(wrapping_key), Replace::always);
}

void KeyRing::save(KeyFile file, Secret secrets, Secret wrapping_key, Replace replace) {
  // A locked ring keeps its sealed secrets as they are; they are bound to keys that stay the same.
  if (file.wrapping && !secrets.empty()) file.wrap(secrets, wrapping_key, *entropy_);
  const Secret bytes = file.encode(secrets);
  const Fd dir = make_dirs(*fs_, folder_of(home_), 0700);
  const FolderLock lock(dir);
  if (replace == Replace::always &&
      digest_of(DigestKind::site_file, copy_of_file().view()) != on_disk_) {
    throw Error(ErrorCode::busy, "keys of site " + code().str(),
                "were changed by another courier meanwhile")
        .with_hint("run the same command again");
  }
  // A crash may have left a copy of the secrets under a temporary name.
  sweep_temporary(*fs_, dir);
  write_durably(*fs_, dir, kFileName, bytes.view(), replace, 0600);
  on_disk_ = digest_of(DigestKind::site_file, bytes.view());
  file_ = std::move(file);
  secrets_ = std::move(secrets);
  wrapping_key_ = std::move(wrapping_key);
}

Secret KeyRing::copy_of_file() const { return read_ring(*fs_, home_); }

SiteCode KeyRing::check_copy(ByteView copy) { return parse_copy(copy).file.code; }

Incarnation KeyRing::next_incarnation(ByteView copy, Entropy& entropy) {
  return after(parse_copy(copy).file.incarnation, entropy);
}

KeyRing KeyRing::restore(FileSystem& fs, const std::string& home, ByteView copy,
                         const Incarnation& incarnation, Entropy& entropy, const Clock& clock) {
  if (exists(fs, home)) {
    throw Error(ErrorCode::not_allowed, "home " + home, "is a site already")
        .with_hint("restore into an empty home: name another with --home");
  }
  KeyRing ring(fs, home, entropy, clock);
  ParsedKeyFile parsed = parse_copy(copy);
  parsed.file.incarnation = incarnation;
  ring.save(std::move(parsed.file), std::move(parsed.clear_secrets), Secret(), Replace::never);
  return ring;
}

}  // namespace courier
