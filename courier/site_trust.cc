#include "courier/site_trust.h"

#include <fmt/format.h>

#include <filesystem>

#include "courier/table.h"
#include "courier/terminal.h"
#include "ledger/site_book.h"
#include "parcel/label.h"

namespace courier {
namespace {

// Writes into the folder of `path`; an identity file that is there is replaced, anything else is
// not.
void write_identity(FileSystem& fs, const std::string& path, ByteView identity) {
  const std::filesystem::path target(path);
  const std::string folder = target.parent_path().empty() ? "." : target.parent_path().string();
  const std::string name = target.filename().string();
  if (name.empty()) throw Error(ErrorCode::usage, "file " + path, "is no name of a file");
  const Fd dir = open_dir(fs, folder);
  Replace replace = Replace::never;
  if (fs.stat_at(dir, name)) {
    try {
      SiteIdentity::parse(read_file(fs, dir, name, kMaxIdentitySize));
      replace = Replace::always;
    } catch (const Error&) {
      throw Error(ErrorCode::not_allowed, "file " + path,
                  "is there already and is no identity file")
          .with_hint("choose another name");
    }
  }
  write_durably(fs, dir, name, identity, replace, 0644);
}

SiteRole role_from(const std::string& text) {
  const std::optional<SiteRole> role = parse_role(text);
  if (!role || *role == SiteRole::self) {
    throw Error(ErrorCode::usage, "role " + text, "is none of parent, child, peer")
        .with_hint("say what it is to this site, such as --as child");
  }
  return *role;
}

JoinDecision decide(const SiteIdentity& identity, const PeerOptions& options) {
  if (!options.fingerprint.empty()) return JoinDecision::by_fingerprint(options.fingerprint);
  if (options.trust) return JoinDecision::by_trust();
  const std::string who = "site " + identity.code.str();
  if (!can_ask()) {
    throw Error(ErrorCode::not_trusted, who, "its fingerprint was not confirmed")
        .with_loss("nothing was changed")
        .with_hint("compare '" + identity.fingerprint().words() +
                   "' with what the site tells you, and give it with --fingerprint, or --trust");
  }
  const std::string shown = listing({{"site", identity.code.str() + " (" + identity.name + ")"},
                                     {"role", options.role},
                                     {"fingerprint", identity.fingerprint().words()},
                                     {"fingerprint (hex)", identity.fingerprint().hex()}});
  if (!ask_yes(shown, "is this the fingerprint that the site itself tells you?")) {
    throw Error(ErrorCode::not_trusted, who, "its fingerprint was not confirmed")
        .with_loss("nothing was changed")
        .with_hint("ask the site for its fingerprint (its `site show`) and try again");
  }
  // The person has compared the words: that is more than --trust.
  return JoinDecision::by_fingerprint(identity.fingerprint().words());
}

SiteIdentity identity_in(FileSystem& fs, const std::string& path) {
  try {
    return SiteIdentity::parse(read_file(fs, path, kMaxIdentitySize));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::damaged) throw;
    throw Error(ErrorCode::damaged, "file " + escaped(path),
                "is no intact site identity file: it " + error.happened())
        .with_loss("nothing was changed")
        .with_hint("ask the other site for the file that its `site export` writes there");
  }
}

std::string_view word(JoinOutcome outcome) {
  switch (outcome) {
    case JoinOutcome::added:
      return "joined";
    case JoinOutcome::known:
      return "known already";
    case JoinOutcome::rotated:
      return "new keys, vouched for by those known";
    case JoinOutcome::replaced:
      return "new keys accepted by fingerprint; those before count as lost";
  }
  bug("a join with no outcome");
}

}  // namespace

Report export_identity(Context& context, const PeerOptions& options) {
  Home& home = context.home();
  write_identity(context.fs, options.file,
                 home.keys().export_identity(kFormatVersion, kKnownCriticalFeatures));
  const Fingerprint fingerprint = home.keys().fingerprint();
  Report report;
  report.json = {{"code", home.keys().code().str()},
                 {"file", json_text(options.file)},
                 {"fingerprint", fingerprint.words()},
                 {"fingerprint_hex", fingerprint.hex()}};
  report.text = fmt::format(
      "identity of site {} written to {}\nfingerprint: {}\n"
      "tell the fingerprint to the other site by a way that is not this file\n",
      home.keys().code().str(), printable(options.file), fingerprint.words());
  return report;
}

Report join_site(Context& context, const PeerOptions& options) {
  Home& home = context.home();
  const SiteRole role = role_from(options.role);
  const SiteIdentity identity = identity_in(context.fs, options.file);
  const JoinOutcome outcome = home.trust().join(identity, role, decide(identity, options));
  const TrustedSite& site = home.trust().require(identity.code);

  SiteBook sites(home.ledger());
  SiteRow row;
  row.code = site.code;
  row.name = site.name;
  row.role = site.role;
  row.incarnation = site.incarnation;
  row.format_version = site.format_version;
  row.features = site.features;
  row.joined = site.joined;
  const std::optional<SiteRow> before = sites.find(site.code);
  if (before && before->incarnation != site.incarnation) {
    sites.see_incarnation(site.code, site.incarnation);
  }
  sites.join(row);
  home.journal().write(Component::site, Severity::info, "site joined",
                       {{"site", site.code.str()},
                        {"role", options.role},
                        {"fingerprint", identity.fingerprint().hex()}});
  Report report;
  report.json = {{"code", site.code.str()},
                 {"name", json_text(site.name)},
                 {"role", courier::word(site.role)},
                 {"outcome", word(outcome)},
                 {"fingerprint", identity.fingerprint().words()},
                 {"fingerprint_hex", identity.fingerprint().hex()}};
  report.text = fmt::format("site {} ({}) as {}: {}\nfingerprint: {}\n", site.code.str(),
                            printable(site.name), courier::word(site.role), word(outcome),
                            identity.fingerprint().words());
  return report;
}

Report grant_prefix(Context& context, const PeerOptions& options) {
  const SiteCode code = SiteCode::parse(options.code);
  context.home().trust().grant(code, options.prefix);
  const TrustedSite& site = context.home().trust().require(code);
  Report report;
  report.json = {{"code", code.str()}, {"granted", site.granted_prefixes}};
  report.text = fmt::format("site {} may send packages {}\n", code.str(),
                            fmt::join(site.granted_prefixes, ", "));
  return report;
}

Report revoke_keys(Context& context, const PeerOptions& options) {
  Home& home = context.home();
  const std::vector<Fingerprint> revoked = home.trust().revoke(options.code);
  Report report;
  Json keys = Json::array();
  for (const Fingerprint& key : revoked) {
    keys.push_back({{"fingerprint", key.words()}, {"fingerprint_hex", key.hex()}});
    report.text += "revoked: " + key.words() + "\n";
    home.journal().write(Component::signer, Severity::warning, "key revoked",
                         {{"fingerprint", key.hex()}});
  }
  if (revoked.empty()) report.text = "nothing to revoke: it was revoked before\n";
  report.json = {{"revoked", std::move(keys)}};
  return report;
}

}  // namespace courier
