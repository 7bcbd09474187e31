// site: this site, its settings and keys, and the list of those it has joined.
#include <fmt/format.h>

#include "courier/commands.h"
#include "courier/site_trust.h"
#include "courier/table.h"
#include "courier/terminal.h"
#include "ledger/settings.h"
#include "ledger/site_book.h"
#include "media/usb_gate.h"
#include "signer/passphrase.h"

namespace courier {
namespace {

struct SiteOptions {
  std::string code, name;
  std::vector<std::string> assignments;
  bool lost = false, settings = false, passphrase = false;
  PeerOptions peer;
};

Json key_json(const Fingerprint& fingerprint, std::uint32_t generation, std::string_view status) {
  return {{"generation", generation},
          {"status", status},
          {"fingerprint", fingerprint.words()},
          {"fingerprint_hex", fingerprint.hex()}};
}

// A new passphrase, if one is asked for.
std::optional<Secret> new_passphrase(Context& context, bool ask) {
  const GlobalOptions& options = context.options;
  if (!options.passphrase_file.empty()) {
    return read_passphrase_from_file(context.fs, options.passphrase_file);
  }
  if (options.passphrase_fd >= 0) return read_passphrase_from_descriptor(options.passphrase_fd);
  if (!ask) return std::nullopt;
  if (!can_ask()) {
    throw Error(ErrorCode::usage, "passphrase", "there is no terminal to ask for it")
        .with_hint("give --passphrase-file FILE or --passphrase-fd N");
  }
  return read_new_passphrase_from_terminal(STDIN_FILENO);
}

Report init(Context& context, const SiteOptions& options) {
  const SiteCode code = SiteCode::parse(options.code);
  const std::optional<Secret> passphrase = new_passphrase(context, options.passphrase);
  const std::string name = options.name.empty() ? code.str() : options.name;
  Home::init(context.fs, context.clock, context.entropy, context.home_path, code, name,
             passphrase ? &*passphrase : nullptr);
  Home home(context.fs, context.clock, context.entropy, context.home_path);
  home.journal().write(Component::site, Severity::info, "site made", {{"site", code.str()}});
  const Fingerprint fingerprint = home.keys().fingerprint();
  Report report;
  report.json = {{"code", code.str()},
                 {"name", json_text(name)},
                 {"home", json_text(context.home_path)},
                 {"incarnation", home.keys().incarnation().str()},
                 {"fingerprint", fingerprint.words()},
                 {"fingerprint_hex", fingerprint.hex()},
                 {"passphrase", passphrase.has_value()}};
  report.text = fmt::format("site {} ({}) made in {}\nfingerprint: {}\n", code.str(),
                            printable(name), printable(context.home_path), fingerprint.words());
  return report;
}

std::string_view word(SettingUnit unit) {
  switch (unit) {
    case SettingUnit::minutes:
      return "min";
    case SettingUnit::days:
      return "days";
    case SettingUnit::bytes:
      return "bytes";
    case SettingUnit::count:
    case SettingUnit::versions:
    case SettingUnit::text:
    case SettingUnit::on_off:
      return "";
  }
  bug("a setting of no unit");
}

Report show_settings(Home& home) {
  Report report;
  Table table({"setting", "value", "", "what"});
  Json settings = Json::array();
  for (const Settings::Value& value : Settings(home.ledger()).list()) {
    const std::string unit(word(value.row->unit));
    table.add({std::string(value.row->name), value.value + (unit.empty() ? "" : " " + unit),
               value.is_default ? "default" : "set", std::string(value.row->what)});
    settings.push_back({{"name", value.row->name},
                        {"value", json_text(value.value)},
                        {"unit", unit.empty() ? Json() : Json(unit)},
                        {"is_default", value.is_default},
                        {"what", value.row->what}});
  }
  report.json = {{"settings", std::move(settings)}};
  report.text = table.str("no settings");
  return report;
}

Report show(Context& context, const SiteOptions& options) {
  Home& home = context.home();
  if (options.settings) return show_settings(home);
  const KeyRing& keys = home.keys();
  const Fingerprint fingerprint = keys.fingerprint();
  Report report;
  report.json = {{"code", keys.code().str()},
                 {"name", json_text(keys.name())},
                 {"home", json_text(home.path())},
                 {"incarnation", keys.incarnation().str()},
                 {"created", json_time(keys.created())},
                 {"key_generation", keys.generation()},
                 {"fingerprint", fingerprint.words()},
                 {"fingerprint_hex", fingerprint.hex()},
                 {"signing_key", to_hex(keys.public_keys().signing)},
                 {"passphrase", keys.has_passphrase()}};
  report.text = listing({{"site", keys.code().str() + " (" + keys.name() + ")"},
                         {"home", home.path()},
                         {"incarnation", keys.incarnation().str()},
                         {"made", shown_time(keys.created())},
                         {"keys", fmt::format("generation {}{}", keys.generation(),
                                              keys.has_passphrase() ? ", with a passphrase" : "")},
                         {"fingerprint", fingerprint.words()},
                         {"fingerprint (hex)", fingerprint.hex()},
                         {"signing key", to_hex(keys.public_keys().signing)}});
  return report;
}

Report list(Context& context) {
  Home& home = context.home();
  SiteBook book(home.ledger());
  Table table({"site", "name", "role", "keys", "fingerprint", "last return", "as of"});
  Json sites = Json::array();
  const KeyRing& own = home.keys();
  table.add({own.code().str(), own.name(), "self", "current", own.fingerprint().words(), "-", "-"});
  sites.push_back(
      {{"code", own.code().str()},
       {"name", json_text(own.name())},
       {"role", "self"},
       {"incarnation", own.incarnation().str()},
       {"keys", Json::array({key_json(own.fingerprint(), own.generation(), "current")})}});
  for (const TrustedSite& site : home.trust().sites()) {
    const std::optional<SiteRow> row = book.find(site.code);
    const std::uint64_t last = row ? row->last_return : 0;
    const std::string last_return = last == 0 ? "" : ParcelId{site.code, own.code(), last}.str();
    Json keys = Json::array();
    bool first = true;
    for (const TrustedKey& key : site.keys) {
      const Fingerprint fingerprint = site.fingerprint_of(key);
      keys.push_back(key_json(fingerprint, key.generation, word(key.status)));
      table.add({first ? site.code.str() : "", first ? site.name : "",
                 first ? std::string(word(site.role)) : "", std::string(word(key.status)),
                 fingerprint.words(), first ? (last == 0 ? "none" : last_return) : "",
                 first && row ? shown_time(row->last_return_time) : ""});
      first = false;
    }
    sites.push_back({{"code", site.code.str()},
                     {"name", json_text(site.name)},
                     {"role", word(site.role)},
                     {"incarnation", site.incarnation.str()},
                     {"joined", json_time(site.joined)},
                     {"granted", site.granted_prefixes},
                     {"keys", std::move(keys)},
                     {"last_return", last == 0 ? Json() : Json(last_return)},
                     {"last_return_time", json_time(row ? row->last_return_time : std::nullopt)},
                     {"free_bytes", row && last != 0 ? Json(row->free_bytes) : Json()}});
  }
  Report report;
  report.json = {{"sites", std::move(sites)}};
  report.text = table.str("no sites");
  return report;
}

Report set(Context& context, const SiteOptions& options) {
  Settings settings(context.home().ledger());
  Report report;
  Json values = Json::object();
  Transaction transaction(context.home().ledger());
  for (const std::string& assignment : options.assignments) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos) {
      throw Error(ErrorCode::usage, "setting " + assignment, "has no value")
          .with_hint("write NAME=VALUE; 'courier site show --settings' lists the names");
    }
    const std::string name = assignment.substr(0, equals);
    const std::string value = assignment.substr(equals + 1);
    if (name == "gate.allow") (void)UsbGate(value);  // the ledger does not know such lists
    settings.set(name, value);
    values[name] = json_text(settings.get(name));
    report.text += fmt::format("{} = {}\n", name, printable(settings.get(name)));
  }
  transaction.commit();
  report.json = {{"settings", std::move(values)}};
  return report;
}

// The signing key goes. The old sealing keys stay where they can be opened, so that parcels under
// way can still be: with the passphrase that is given or asked for, when it is that of the old
// keys. Any other is that of the new keys.
void rotate_lost(Context& context, const SiteOptions& options) {
  KeyRing& keys = context.home().keys();
  const bool is_given =
      !context.options.passphrase_file.empty() || context.options.passphrase_fd >= 0;
  if (keys.is_locked() && !is_given && !options.passphrase && can_ask() &&
      ask_yes("",
              "is the passphrase of the old keys known? Then parcels under way can be opened")) {
    context.unlock(context.home());
  }
  std::optional<Secret> passphrase = new_passphrase(context, options.passphrase);
  if (keys.is_locked() && is_given) {
    try {
      keys.unlock(Secret::copy_of(passphrase->view()));
      passphrase.reset();  // they stay wrapped with it
    } catch (const Error& error) {
      if (error.code() != ErrorCode::keys_locked) throw;
    }
  }
  keys.rotate_lost(passphrase ? &*passphrase : nullptr);
}

Report rotate(Context& context, const SiteOptions& options) {
  Home& home = context.home();
  if (options.lost) {
    rotate_lost(context, options);
  } else {
    context.unlock(context.home());
    home.keys().rotate();
  }
  const Fingerprint fingerprint = home.keys().fingerprint();
  const bool opens_old = home.keys().generations().size() > 1;
  home.journal().write(Component::signer, Severity::info, "keys rotated",
                       {{"generation", std::to_string(home.keys().generation())},
                        {"lost", options.lost ? "yes" : "no"},
                        {"fingerprint", fingerprint.hex()}});
  Report report;
  report.json = {{"code", home.keys().code().str()},   {"key_generation", home.keys().generation()},
                 {"vouched_for", !options.lost},       {"opens_parcels_under_way", opens_old},
                 {"fingerprint", fingerprint.words()}, {"fingerprint_hex", fingerprint.hex()}};
  report.text =
      fmt::format("keys of site {}: generation {}\nfingerprint: {}\n{}\n", home.keys().code().str(),
                  home.keys().generation(), fingerprint.words(),
                  options.lost ? "nothing vouches for them: export the identity again, and let "
                                 "every other site join it by its fingerprint"
                               : "the next parcels carry the proof; other sites accept them by "
                                 "themselves");
  report.text += opens_old ? "parcels under way to the old keys can still be opened\n"
                           : "parcels under way to the old keys cannot be opened any more: their "
                             "senders have to declare them lost\n";
  return report;
}

}  // namespace

void add_site_commands(Commands& commands) {
  CLI::App& site = commands.noun("site", "this site, and the sites it knows");
  SiteOptions& o = commands.options<SiteOptions>();

  CLI::App& init_verb = commands.verb(site, "init", "make this home a site: keys, ledger, store",
                                      "courier --home A site init PUN --name Pune",
                                      [&o](Context& context) { return init(context, o); });
  init_verb.add_option("CODE", o.code, "site code, three characters A-Z 0-9")->required();
  init_verb.add_option("--name", o.name, "its name, for people")->type_name("TEXT");
  init_verb.add_flag("--passphrase", o.passphrase, "ask for a passphrase that locks the keys");

  CLI::App& show_verb = commands.verb(site, "show", "this site", "courier site show --settings",
                                      [&o](Context& context) { return show(context, o); });
  show_verb.add_flag("--settings", o.settings, "its settings instead");

  commands.verb(site, "list", "the sites known here, their roles, keys and last returns",
                "courier site list", [](Context& context) { return list(context); });

  CLI::App& export_verb =
      commands.verb(site, "export", "write this site's identity, public parts only",
                    "courier --home A site export PUN.site",
                    [&o](Context& context) { return export_identity(context, o.peer); });
  export_verb.add_option("FILE", o.peer.file, "the identity file to write")->required();

  CLI::App& join_verb = commands.verb(
      site, "join", "accept another site's identity after its fingerprint was compared",
      "courier --home A site join PSE.site --as child --fingerprint 'eight words it told you'",
      [&o](Context& context) { return join_site(context, o.peer); });
  join_verb.add_option("FILE", o.peer.file, "the other site's identity file")->required();
  join_verb.add_option("--as", o.peer.role, "what it is to this site")
      ->required()
      ->type_name("parent|child|peer");
  CLI::Option* words = join_verb.add_option("--fingerprint", o.peer.fingerprint,
                                            "accept it if this is its fingerprint");
  words->type_name("WORDS");
  join_verb.add_flag("--trust", o.peer.trust, "accept it without comparing")->excludes(words);

  CLI::App& set_verb =
      commands.verb(site, "set", "change settings", "courier site set parcel.grace=14",
                    [&o](Context& context) { return set(context, o); });
  set_verb.add_option("NAME=VALUE", o.assignments, "see site show --settings")->required();

  CLI::App& grant_verb = commands.verb(
      site, "grant", "let a site send packages whose ID begins so", "courier site grant TEX TEX",
      [&o](Context& context) { return grant_prefix(context, o.peer); });
  grant_verb.add_option("CODE", o.peer.code, "the site")->required();
  grant_verb.add_option("PREFIX", o.peer.prefix, "site code and up to five digits")->required();

  CLI::App& rotate_verb = commands.verb(
      site, "rotate-key", "new signing and sealing keys, vouched for by the old ones",
      "courier site rotate-key", [&o](Context& context) { return rotate(context, o); });
  CLI::Option* lost_flag = rotate_verb.add_flag(
      "--lost", o.lost, "the old keys are lost: nothing vouches for the new ones");
  rotate_verb.add_flag("--passphrase", o.passphrase, "with --lost: ask for a new passphrase")
      ->needs(lost_flag);

  CLI::App& revoke_verb = commands.verb(
      site, "revoke", "stop trusting a site, or one of its keys", "courier site revoke TEX",
      [&o](Context& context) { return revoke_keys(context, o.peer); });
  revoke_verb.add_option("CODE|FINGERPRINT", o.peer.code, "a site, or one key by its fingerprint")
      ->required();

  add_backup_verbs(commands, site);
}

}  // namespace courier
