// parcel slip: what goes with a parcel on paper.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

#include "courier/commands.h"
#include "courier/new_file.h"
#include "courier/outgoing.h"
#include "courier/slip.h"
#include "ledger/site_book.h"

namespace courier {
namespace {

struct SlipOptions {
  std::string parcel, out, language;
  bool label = false;
};

std::string named(Ledger& ledger, const SiteCode& code) {
  const std::optional<SiteRow> site = SiteBook(ledger).find(code);
  return site && !site->name.empty() ? fmt::format("{} ({})", code.str(), printable(site->name))
                                     : code.str();
}

// "PCL:PUN-PSE-000001:E003A97F2916:2/3", of characters that a QR code packs.
std::string code_of(const ParcelRow& parcel, const std::string& part) {
  std::string code =
      fmt::format("PCL:{}:{}:{}", parcel.addressees.front().id.str(), parcel.label.brief(), part);
  std::ranges::transform(code, code.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return code;
}

// The volumes of the set that was written last, each where it was proved last; the whole parcel
// when no set was.
std::vector<SlipVolume> volumes_of(const ParcelRow& parcel, const std::vector<ParcelCopy>& copies) {
  std::string latest;
  std::uint32_t volumes = 1, spares = 0;
  std::string whole;
  std::map<std::uint32_t, const ParcelCopy*> written;
  for (const ParcelCopy& copy : copies) {
    if (!copy.verified) continue;
    if (copy.cut != latest) written.clear();
    latest = copy.cut;
    if (copy.cut.empty()) {
      whole = copy.medium.empty() ? copy.medium_label : copy.medium;
      continue;
    }
    written[copy.number] = &copy;
    volumes = copy.volumes;  // the last one written knows best
    spares = copy.spares;
  }
  if (latest.empty()) return {{0, 0, false, printable(whole), code_of(parcel, "1/1")}};
  std::vector<SlipVolume> out;
  for (const auto& [number, copy] : written) {
    SlipVolume volume{number, volumes, spares > 0 && number > volumes,
                      printable(copy->medium.empty() ? copy->medium_label : copy->medium), ""};
    if (volume.is_spare) {
      volume.number -= volumes;
      volume.of = spares;
    }
    volume.code = code_of(
        parcel, fmt::format("{}{}/{}", volume.is_spare ? "S" : "", volume.number, volume.of));
    out.push_back(std::move(volume));
  }
  return out;
}

Slip slip_of(Home& home, const ParcelRow& parcel) {
  Slip slip;
  slip.parcel = parcel.addressees.front().id.str();
  slip.from = fmt::format("{} ({})", home.keys().code().str(), printable(home.keys().name()));
  if (home.keys().name().empty()) slip.from = home.keys().code().str();
  for (const ParcelAddressee& addressee : parcel.addressees) {
    slip.to.emplace_back(addressee.id.str(), named(home.ledger(), addressee.id.to));
  }
  slip.created = parcel.created;
  slip.name = printable(parcel.name);
  slip.content_bytes = parcel.content_bytes;
  slip.file_bytes = parcel.file_bytes;
  slip.carrier = printable(parcel.carrier);
  slip.tracking = printable(parcel.tracking);
  slip.expected = parcel.expected;
  slip.fingerprint = home.keys().fingerprint().words();
  slip.volumes = volumes_of(parcel, ParcelBook(home.ledger()).copies(parcel.addressees.front().id));
  return slip;
}

std::string language_of(const SlipOptions& options) {
  if (!options.language.empty()) return options.language;
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  return std::string(slip_language(variable("LC_ALL"), variable("LC_MESSAGES"), variable("LANG")));
}

Report write_slip(Context& context, const SlipOptions& options) {
  Home& home = context.home();
  const ParcelRow parcel = ParcelBook(home.ledger()).get(ParcelId::parse(options.parcel));
  if (parcel.state() == ParcelState::discarded) {
    throw Error(ErrorCode::not_allowed, "parcel " + options.parcel, "was discarded");
  }
  const Slip slip = slip_of(home, parcel);
  const SlipWords& words = slip_words(language_of(options));
  write_new_file(context.fs, options.out,
                 options.label ? label_pdf(slip, words) : slip_pdf(slip, words));
  Report report;
  Json volumes = Json::array();
  for (const SlipVolume& volume : slip.volumes) {
    volumes.push_back({{"volume", volume.words(slip_words("en"))},
                       {"medium", json_text(volume.medium)},
                       {"code", volume.code}});
  }
  report.json = {{"parcel", slip.parcel},        {"file", json_text(options.out)},
                 {"label", options.label},       {"language", words.language},
                 {"pages", slip.volumes.size()}, {"volumes", std::move(volumes)}};
  report.text = fmt::format("{} of parcel {} written to {}: {}\n", options.label ? "label" : "slip",
                            slip.parcel, printable(options.out),
                            counted(slip.volumes.size(), "page", "pages"));
  return report;
}

}  // namespace

void add_slip_verb(Commands& commands, CLI::App& parcel) {
  SlipOptions& o = commands.options<SlipOptions>();
  CLI::App& slip_verb = commands.verb(
      parcel, "slip", "a page to go with the parcel, one for each volume written: PDF",
      "courier parcel slip PUN-PSE-000001 --out slip.pdf",
      [&o](Context& context) { return write_slip(context, o); });
  slip_verb.add_option("ID", o.parcel, "the parcel, such as PUN-PSE-000001")->required();
  slip_verb.add_option("--out", o.out, "the file to write")->required()->type_name("FILE");
  slip_verb.add_flag("--label", o.label, "instead labels for the media, of 100 by 60 mm");
  slip_verb
      .add_option("--language", o.language,
                  "of its words: en, pt-BR or sv (else as LC_ALL or LANG say, or en)")
      ->check(CLI::IsMember(slip_languages()))
      ->type_name("LANGUAGE");
}

}  // namespace courier
