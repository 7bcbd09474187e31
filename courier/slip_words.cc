#include "courier/slip_words.h"

#include <array>

#include "base/bytes.h"
#include "base/error.h"

namespace courier {
namespace {

constexpr std::array kWords = {
    SlipWords{
        .language = "en",
        .title = "Courier parcel",
        .whole = "whole parcel",
        .volume = "volume {} of {}",
        .spare = "spare volume {} of {}",
        .from = "from",
        .to = "to",
        .and_to = "and to",
        .one_more_site = "1 more site",
        .more_sites = "{} more sites",
        .as_parcel = "{}, as {}",
        .more = "and {} more",
        .made = "made",
        .name = "name",
        .content = "content",
        .on_media = "{}, {} on media",
        .carrier = "carrier",
        .tracking = "tracking",
        .expected = "return expected",
        .written_to = "written to",
        .fingerprint = "fingerprint of the sender, to be compared before its keys are accepted",
        .custody = "Custody",
        .handed_over = "handed over by",
        .taken_over = "to",
        .when = "date and time",
        .signature = "signature",
        .one_byte = "byte",
        .bytes = "bytes",
        .decimal = '.',
    },
    SlipWords{
        .language = "pt-BR",
        .title = "Encomenda do Courier",
        .whole = "encomenda inteira",
        .volume = "volume {} de {}",
        .spare = "volume de reserva {} de {}",
        .from = "de",
        .to = "para",
        .and_to = "e para",
        .one_more_site = "mais 1 site",
        .more_sites = "mais {} sites",
        .as_parcel = "{}, como {}",
        .more = "e mais {}",
        .made = "criada em",
        .name = "nome",
        .content = "conteúdo",
        .on_media = "{}, {} nas mídias",
        .carrier = "transportadora",
        .tracking = "rastreamento",
        .expected = "retorno previsto",
        .written_to = "gravada em",
        .fingerprint = "impressão digital do remetente, a comparar antes de aceitar as suas chaves",
        .custody = "Custódia",
        .handed_over = "entregue por",
        .taken_over = "para",
        .when = "data e hora",
        .signature = "assinatura",
        .one_byte = "byte",
        .bytes = "bytes",
        .decimal = ',',
    },
    SlipWords{
        .language = "sv",
        .title = "Försändelse med Courier",
        .whole = "hela försändelsen",
        .volume = "volym {} av {}",
        .spare = "reservvolym {} av {}",
        .from = "från",
        .to = "till",
        .and_to = "och till",
        .one_more_site = "1 plats till",
        .more_sites = "{} platser till",
        .as_parcel = "{}, som {}",
        .more = "och {} till",
        .made = "skapad",
        .name = "namn",
        .content = "innehåll",
        .on_media = "{}, {} på medier",
        .carrier = "transportör",
        .tracking = "spårning",
        .expected = "retur väntas",
        .written_to = "skriven till",
        .fingerprint = "avsändarens fingeravtryck, som jämförs innan dess nycklar godtas",
        .custody = "Överlämningar",
        .handed_over = "lämnad av",
        .taken_over = "till",
        .when = "datum och tid",
        .signature = "underskrift",
        .one_byte = "byte",
        .bytes = "byte",
        .decimal = ',',
    },
};

}  // namespace

std::string SlipWords::size(std::uint64_t count) const {
  if (count < 1000) return std::to_string(count) + ' ' + std::string(count == 1 ? one_byte : bytes);
  std::string text = human_size(count);
  if (const std::size_t point = text.find('.'); point != std::string::npos) text[point] = decimal;
  return text;
}

std::vector<std::string> slip_languages() {
  std::vector<std::string> languages;
  for (const SlipWords& words : kWords) languages.emplace_back(words.language);
  return languages;
}

const SlipWords& slip_words(std::string_view language) {
  for (const SlipWords& words : kWords) {
    if (words.language == language) return words;
  }
  bug("a slip in a language that has no words");
}

std::string_view slip_language(std::string_view lc_all, std::string_view lc_messages,
                               std::string_view lang) {
  const std::string_view said = !lc_all.empty()        ? lc_all
                                : !lc_messages.empty() ? lc_messages
                                                       : lang;
  const std::string_view tongue = said.substr(0, said.find_first_of("_-.@"));
  for (const SlipWords& words : kWords) {
    if (words.language.substr(0, words.language.find('-')) == tongue) return words.language;
  }
  return kWords.front().language;
}

}  // namespace courier
