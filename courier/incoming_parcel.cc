#include "courier/incoming_parcel.h"

#include <fmt/format.h>

#include "courier/shown.h"
#include "courier/table.h"
#include "parcel/packing_list.h"

namespace courier {

namespace {

// Of a parcel that was taken in; of any other its state says all.
Tally verdicts_of(Home& home, const IncomingParcel& parcel) {
  Tally tally;
  if (parcel.state != IncomingState::accepted && parcel.state != IncomingState::processed) {
    return tally;
  }
  for (const IncomingItem& item : IncomingBook(home.ledger()).items(parcel.label)) {
    count_verdict(item.verdict, tally);
  }
  return tally;
}

}  // namespace

std::string incoming_state(Home& home, const IncomingParcel& parcel) {
  const std::string verdicts = parcel.is_return ? "" : tally_text(verdicts_of(home, parcel));
  return std::string(word(parcel.state)) + (verdicts.empty() ? "" : ": " + verdicts);
}

Json incoming_json(Home& home, const IncomingParcel& parcel) {
  Json verdicts = Json::object();
  for (const auto& [name, count] : verdicts_of(home, parcel)) verdicts[name] = count;
  return {{"id", parcel.id.str()},
          {"direction", "incoming"},
          {"from", parcel.id.from.str()},
          {"to", parcel.id.to.str()},
          {"state", word(parcel.state)},
          {"verdicts", std::move(verdicts)},
          {"reason", json_text(parcel.reason)},
          {"is_return", parcel.is_return},
          {"name", json_text(parcel.name)},
          {"comment", json_text(parcel.comment)},
          {"signer", parcel.signer},
          {"written", json_time(parcel.written)},
          {"arrived", json_time(parcel.arrived)},
          {"finished", json_time(parcel.finished)},
          {"item_count", parcel.item_count},
          {"content_bytes", parcel.content_bytes},
          {"record_count", parcel.record_count ? Json(*parcel.record_count) : Json()},
          {"received_records", ranges_json(parcel.received)},
          {"label_digest", parcel.label.hex()}};
}

Json incoming_items_json(Home& home, const IncomingParcel& parcel) {
  Json items = Json::array();
  for (const IncomingItem& item : IncomingBook(home.ledger()).items(parcel.label)) {
    items.push_back({{"job", item.job},
                     {"kind", kind_word(item.kind)},
                     {"package", item.package.empty() ? Json() : Json(item.package.str())},
                     {"version", item.version},
                     {"verdict", item.verdict ? Json(word(*item.verdict)) : Json("waiting")},
                     {"reason", json_text(item.reason)}});
  }
  return items;
}

std::string incoming_items_table(Home& home, const IncomingParcel& parcel) {
  Table table({">job", "kind", "package", ">version", ">size", "verdict", "reason"});
  for (const IncomingItem& item : IncomingBook(home.ledger()).items(parcel.label)) {
    table.add({item.job == 0 ? "-" : std::to_string(item.job), kind_word(item.kind),
               item.package.empty() ? "-" : item.package.str(),
               item.version == 0 ? "-" : std::to_string(item.version), human_size(item.bytes),
               item.verdict ? std::string(word(*item.verdict)) : "waiting", item.reason});
  }
  return table.str("no items");
}

Report show_incoming(Home& home, const IncomingParcel& parcel) {
  Report report;
  report.json = incoming_json(home, parcel);
  report.json["items"] = incoming_items_json(home, parcel);
  const std::vector<HistoryRow> history = home.ledger().history("incoming", parcel.label.hex());
  report.json["history"] = history_json(history);
  report.text = listing(
      {{"parcel", parcel.id.str() + (parcel.is_return ? " (return)" : "")},
       {"state",
        incoming_state(home, parcel) + (parcel.reason.empty() ? "" : ": " + parcel.reason)},
       {"name", parcel.name},
       {"comment", parcel.comment},
       {"signer", parcel.signer},
       {"written", shown_time(parcel.written)},
       {"arrived", shown_time(parcel.arrived)},
       {"content", human_size(parcel.content_bytes)},
       {"records", fmt::format("{} of {}", ranges_text(parcel.received),
                               parcel.record_count ? std::to_string(*parcel.record_count) : "?")},
       {"label", parcel.label.hex()}});
  report.text += "\n" + incoming_items_table(home, parcel) + "\n" + history_table(history);
  return report;
}

}  // namespace courier
