// address: the ways by which jobs go to a site.
#include <fmt/format.h>

#include "courier/commands.h"
#include "courier/option_values.h"
#include "courier/table.h"
#include "ledger/address_book.h"

namespace courier {
namespace {

struct AddressOptions {
  std::string site, sender = "courier", enabled, substitute;
  std::uint32_t priority = 0;
};

Json address_json(const AddressRow& address) {
  return {{"site", address.site.str()},
          {"sender", address.sender},
          {"priority", address.priority},
          {"enabled", address.enabled},
          {"substitute", address.substitute}};
}

Report told(const AddressRow& address, const std::string& what) {
  Report report;
  report.json = address_json(address);
  report.text =
      fmt::format("{}: site {}, sender {}, priority {}, {}\n", what, address.site.str(),
                  address.sender, address.priority, address.enabled ? "enabled" : "not enabled");
  return report;
}

// The lowest number that no address of the site has.
std::uint32_t free_priority(const std::vector<AddressRow>& addresses) {
  std::uint32_t priority = 1;
  for (const AddressRow& address : addresses) {  // by priority
    if (address.priority == priority) ++priority;
  }
  return priority;
}

Report add(Context& context, const AddressOptions& options) {
  AddressBook book(context.home().ledger());
  AddressRow address;
  address.site = SiteCode::parse(options.site);
  address.sender = options.sender;
  address.priority =
      options.priority != 0 ? options.priority : free_priority(book.of(address.site));
  book.add(address);
  return told(address, "address added");
}

AddressRow existing(AddressBook& book, const AddressOptions& options) {
  const SiteCode site = SiteCode::parse(options.site);
  const std::optional<AddressRow> address = book.find(site, options.sender);
  if (!address) {
    throw Error(ErrorCode::not_found, "site " + site.str(), "has no " + options.sender + " address")
        .with_hint("courier address list");
  }
  return *address;
}

Report set(Context& context, const AddressOptions& options) {
  AddressBook book(context.home().ledger());
  AddressRow address = existing(book, options);
  if (options.priority != 0) address.priority = options.priority;
  if (!options.enabled.empty()) address.enabled = on_or_off(options.enabled, "--enabled");
  if (!options.substitute.empty()) {
    address.substitute = on_or_off(options.substitute, "--substitute");
  }
  book.set(address);
  return told(address, "address changed");
}

Report remove(Context& context, const AddressOptions& options) {
  AddressBook book(context.home().ledger());
  const AddressRow address = existing(book, options);
  book.remove(address.site, address.sender);
  Report report = told(address, "address removed");
  report.json["removed"] = true;
  return report;
}

Report list(Context& context) {
  Table table({"site", "sender", ">priority", "enabled", "substitute"});
  Json addresses = Json::array();
  for (const AddressRow& address : AddressBook(context.home().ledger()).list()) {
    table.add({address.site.str(), address.sender, std::to_string(address.priority),
               address.enabled ? "on" : "off", address.substitute ? "on" : "off"});
    addresses.push_back(address_json(address));
  }
  Report report;
  report.json = {{"addresses", std::move(addresses)}};
  report.text = table.str("no addresses");
  return report;
}

}  // namespace

void add_address_commands(Commands& commands) {
  CLI::App& address = commands.noun("address", "the ways by which jobs go to a site");
  AddressOptions& o = commands.options<AddressOptions>();

  CLI::App& add_verb = commands.verb(address, "add", "add a way to a site",
                                     "courier address add PSE --sender courier",
                                     [&o](Context& context) { return add(context, o); });
  add_verb.add_option("SITE", o.site, "the site")->required();
  add_verb.add_option("--sender", o.sender, "courier")->check(CLI::IsMember({"courier"}));
  add_verb.add_option("--priority", o.priority, "1 is tried first")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");

  commands.verb(address, "list", "all addresses", "courier address list",
                [](Context& context) { return list(context); });

  CLI::App& set_verb = commands.verb(address, "set", "change a way to a site",
                                     "courier address set PSE courier --enabled off",
                                     [&o](Context& context) { return set(context, o); });
  CLI::App& remove_verb = commands.verb(address, "remove", "remove a way to a site",
                                        "courier address remove PSE courier",
                                        [&o](Context& context) { return remove(context, o); });
  for (CLI::App* verb : {&set_verb, &remove_verb}) {
    verb->add_option("SITE", o.site, "the site")->required();
    verb->add_option("SENDER", o.sender, "courier")->required();
  }
  set_verb.add_option("--priority", o.priority, "1 is tried first")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  set_verb.add_option("--enabled", o.enabled, "whether it is used")->type_name("on|off");
  set_verb.add_option("--substitute", o.substitute, "used when a better address is not usable")
      ->type_name("on|off");
}

}  // namespace courier
