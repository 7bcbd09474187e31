#include "console/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <utility>

#include "base/error.h"

namespace courier {
namespace {

// Of one turn: a crowd at the door does not keep the console from those who are in.
constexpr int kAtOnce = 32;
constexpr std::chrono::milliseconds kAgain{500};

bool is_address(int family, const std::string& host) {
  unsigned char buffer[sizeof(in6_addr)];
  return ::inet_pton(family, host.c_str(), buffer) == 1;
}

Fd listening_socket(const ListenAddress& address) {
  sockaddr_in6 six{};
  sockaddr_in four{};
  const bool is_six = address.host.find(':') != std::string::npos;
  if (is_six) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr);
  } else {
    four.sin_family = AF_INET;
    four.sin_port = htons(address.port);
    ::inet_pton(AF_INET, address.host.c_str(), &four.sin_addr);
  }
  Fd socket(::socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  const auto* at =
      is_six ? reinterpret_cast<const sockaddr*>(&six) : reinterpret_cast<const sockaddr*>(&four);
  const auto size = static_cast<socklen_t>(is_six ? sizeof six : sizeof four);
  if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      ::bind(socket.get(), at, size) != 0 || ::listen(socket.get(), 64) != 0) {
    throw system_error(errno, "console at " + address.authority(), "cannot listen")
        .with_hint("see what listens there, or name another place with --listen");
  }
  return socket;
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

Listener::Listener(EventLoop& loop, const ListenAddress& address, std::function<void(Fd)> came)
    : loop_(loop), came_(std::move(came)), socket_(listening_socket(address)) {
  watch();
}

Listener::~Listener() {
  loop_.cancel(again_);
  loop_.forget(socket_.get());
}

std::uint16_t Listener::port() const {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &size);
  return ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(storage).sin6_port
                                             : reinterpret_cast<sockaddr_in&>(storage).sin_port);
}

void Listener::watch() {
  loop_.watch(socket_.get(), [this] { accept(); });
}

void Listener::accept() {
  for (int i = 0; i < kAtOnce; ++i) {
    Fd one(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (one) {
      came_(std::move(one));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN) return;
    // Too few descriptors, or too little memory: it waits at the door, and is not asked for all the
    // time.
    loop_.forget(socket_.get());
    again_ = loop_.call_after(kAgain, [this] { watch(); });
    return;
  }
}

}  // namespace courier
