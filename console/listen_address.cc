#include <arpa/inet.h>

#include <charconv>

#include "base/error.h"
#include "console/http_server.h"

namespace courier {
namespace {

bool is_address(int family, const std::string& host) {
  unsigned char buffer[sizeof(in6_addr)];
  return ::inet_pton(family, host.c_str(), buffer) == 1;
}

}  // namespace

ListenAddress ListenAddress::parse(const std::string& text) {
  const auto fault = [&] {
    return Error(ErrorCode::usage, "--listen " + text, "is no address and port")
        .with_hint("such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:8080");
  };
  ListenAddress address;
  const std::size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? "127.0.0.1" : text.substr(0, colon);
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(port.data(), port.data() + port.size(), address.port, 10);
  if (error != std::errc() || end != port.data() + port.size()) throw fault();
  if (host == "localhost") host = "127.0.0.1";
  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  if (!is_address(is_bracketed ? AF_INET6 : AF_INET, host)) throw fault();
  address.host = std::move(host);
  return address;
}

bool ListenAddress::is_any() const { return host == "0.0.0.0" || host == "::"; }

std::string ListenAddress::authority() const {
  const bool is_six = host.find(':') != std::string::npos;
  return (is_six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace courier
