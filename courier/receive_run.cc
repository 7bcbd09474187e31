#include "courier/receive_run.h"

#include <fmt/format.h>

#include "courier/received.h"
#include "courier/terminal.h"
#include "distribution/distribution_manager.h"

namespace courier {
namespace {

// What identify says when nothing here can be received.
std::optional<Error> identify_problem(const IdentifyReport& found, const std::string& source) {
  if (found.exit_status == 0) return std::nullopt;
  if (found.offers.empty()) {
    return Error(ErrorCode::not_found, "medium " + source, "there is no parcel on it")
        .with_hint("check that it is the right medium and that it is mounted");
  }
  for (const Offer& offer : found.offers) {
    if (!offer.error || offer.error->exit_status() != found.exit_status) continue;
    return Error(*offer.error).with_loss("nothing was changed: identify only looks");
  }
  std::string others;
  for (const Offer& offer : found.offers) {
    if (offer.standing != Standing::for_others) continue;
    others += (others.empty() ? "" : ", ") + for_whom(offer);
  }
  return Error(ErrorCode::not_addressed, "medium " + source,
               "nothing on it is for this site: " + others);
}

}  // namespace

std::optional<IdentifyHome> identify_home(const Context& context) {
  if (context.opened_home == nullptr) return std::nullopt;
  Home& home = context.home();
  return IdentifyHome{home.keys(), home.trust(), home.ledger()};
}

Report identified(FileSystem& fs, const std::string& source,
                  const std::optional<IdentifyHome>& home) {
  const IdentifyReport found = identify(fs, source, home);
  Report report;
  Json offers = Json::array();
  for (const Offer& offer : found.offers) {
    offers.push_back(offer_json(offer));
    report.text += (report.text.empty() ? "" : "\n") + offer_text(offer);
  }
  Json incomplete = Json::array();
  for (const PartOfParcel& part : found.parts) {
    incomplete.push_back({{"id", part.id.str()}, {"missing", part.missing}});
    report.text += fmt::format("parcel {}: {}\n", part.id.str(), part.missing);
  }
  report.json = {{"source", json_text(source)},
                 {"parcels", std::move(offers)},
                 {"incomplete", std::move(incomplete)}};
  report.problem = identify_problem(found, source);
  return report;
}

Report received(Home& home, const std::string& source, const ReceiveOptions& options) {
  DistributionManager manager(home.distribution());
  const ReceiveReport taken = receive(home.importer(manager), source, options);
  Report report;
  report.json["source"] = json_text(source);
  add_received(taken, source, report);
  SenderParts sender = home.sender();
  add_applied(ReturnApplier(sender).apply_pending(), report);
  report.json["medium_may_be_removed"] = true;
  if (!taken.parcels.empty() || !taken.left_alone.empty() || !taken.returns.empty()) {
    report.text += kMayBeTakenOut;
  }
  return report;
}

void keep_in(Report& report, const Error& why) {
  report.json["medium_may_be_removed"] = false;
  if (report.text.ends_with(kMayBeTakenOut)) {
    report.text.resize(report.text.size() - kMayBeTakenOut.size());
  }
  if (!report.problem) {
    report.problem = Error(why).with_loss(
        "what came in is kept; what was written to the medium may not be on it yet");
    return;
  }
  report.text +=
      printable(fmt::format("the medium may not be taken out yet: {}", why.what())) + "\n";
}

std::function<bool(const Offer&)> asking(const Context& context) {
  return [talk = context.talk](const Offer& offer) {
    talk("");
    return ask_yes(offer_text(offer), "take this parcel in?");
  };
}

}  // namespace courier
