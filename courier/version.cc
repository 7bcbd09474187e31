#include "courier/version.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <seccomp.h>
#include <sodium.h>
#include <xxhash.h>
#include <zstd.h>

#include <utility>
#include <vector>

#include "base/confinement.h"
#include "parcel/label.h"
#include "store/database_version.h"

namespace courier {
namespace {

std::string dotted(unsigned number) {
  return fmt::format("{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}

// Those that run, not those it was built with.
std::vector<std::pair<std::string, std::string>> libraries() {
  const scmp_version* seccomp = ::seccomp_version();
  return {{"libsodium", ::sodium_version_string()},
          {"libcrypto", ::OpenSSL_version(OPENSSL_VERSION_STRING)},
          {"libzstd", ::ZSTD_versionString()},
          {"libsqlite3", database_version()},
          {"libxxhash", dotted(::XXH_versionNumber())},
          {"libseccomp", fmt::format("{}.{}.{}", seccomp->major, seccomp->minor, seccomp->micro)}};
}

constexpr std::string_view kFeatureNames[] = {"bases", "lean"};
static_assert(kKnownCriticalFeatures == (kFeatureBases | kFeatureLean), "name the features above");

}  // namespace

Report version_report() {
  Report report;
  report.json["version"] = COURIER_VERSION;
  report.json["format_version"] = kFormatVersion;
  report.json["critical_features"] = kFeatureNames;
  report.text = fmt::format("courier {}\nparcel format: {}\ncritical features: {}\n",
                            COURIER_VERSION, kFormatVersion, fmt::join(kFeatureNames, ", "));
  Json& versions = report.json["libraries"] = Json::object();
  std::string list;
  for (const auto& [name, version] : libraries()) {
    versions[name] = version;
    list += (list.empty() ? "" : ", ") + name + " " + version;
  }
  report.text += "libraries: " + list + "\n";
  try {
    const Confinement confinement = probe_confinement();
    report.json["confinement"] = {{"seccomp", confinement.seccomp},
                                  {"landlock_abi", confinement.landlock_abi},
                                  {"memory_bytes", confinement.limits.memory_bytes},
                                  {"words", confinement.words()}};
    report.text += "confinement: " + confinement.words() + "\n";
  } catch (const Error& error) {
    report.json["confinement"] = nullptr;
    report.text += "confinement: none, and no parcel can be read\n";
    report.problem = error;
  }
  return report;
}

}  // namespace courier
