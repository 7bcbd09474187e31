#include "importer/space.h"

#include <fmt/format.h>

#include "base/durable.h"
#include "base/error.h"
#include "ledger/status_log.h"

namespace courier {
namespace {

void require_free(const ImporterParts& parts, std::uint64_t needed, const std::string& subject,
                  const char* loss) {
  const Fd home = open_dir(parts.fs, parts.home);
  const std::uint64_t free = parts.fs.space(home).free_bytes;
  if (needed <= free) return;
  StatusLog{parts.ledger}.tell("4402", Severity::error, {},
                               {subject, std::to_string(needed), std::to_string(free)});
  throw Error{ErrorCode::no_space, subject,
              fmt::format("{} bytes needed in the home, {} free", needed, free)}
      .with_loss(loss)
      .with_hint(fmt::format("make {} bytes free on the drive of {} and run the same command",
                             needed - free, escaped(parts.home)));
}

}  // namespace

void require_space(const ImporterParts& parts, std::uint64_t bytes, const std::string& subject) {
  require_free(parts, bytes + kHomeReserveBytes, subject,
               "nothing was lost: nothing was taken in, the shares serve what they served");
}

void require_return_space(const ImporterParts& parts, std::uint64_t bytes,
                          const std::string& subject) {
  require_free(parts, bytes, subject, "nothing was lost: only the return could not be made");
}

}  // namespace courier
