// Site trust: what this site shows of itself to others, and whom it trusts: export, join, grant and
// revoke.
#pragma once

#include <string>

#include "courier/commands.h"

namespace courier {

struct PeerOptions {
  std::string code;  // or a fingerprint, of revoke
  std::string file, role, fingerprint, prefix;
  bool trust = false;
};

Report export_identity(Context& context, const PeerOptions& options);
Report join_site(Context& context, const PeerOptions& options);
Report grant_prefix(Context& context, const PeerOptions& options);
Report revoke_keys(Context& context, const PeerOptions& options);

}  // namespace courier
