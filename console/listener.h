// Listener: the console's door: where it listens, and each connection that comes there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file_system.h"
#include "console/event_loop.h"

namespace courier {

struct ListenAddress {
  std::string host;  // "127.0.0.1", "::1"
  std::uint16_t port = 0;

  // "127.0.0.1:8080", "[::1]:8080", "8080". Errors: usage, for anything but an IP address and port.
  static ListenAddress parse(const std::string& text);
  bool is_any() const;  // every address of this machine
  // "127.0.0.1:8080", as a browser names it.
  std::string authority() const;
};

class Listener {
 public:
  // came is called by the loop with each connection. Errors: device, when the address cannot be
  // had.
  Listener(EventLoop& loop, const ListenAddress& address, std::function<void(Fd)> came);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::uint16_t port() const;

 private:
  void watch();
  void accept();

  EventLoop& loop_;
  const std::function<void(Fd)> came_;
  Fd socket_;
  std::uint64_t again_ = 0;  // the timer that looks again when the system had nothing to give
};

}  // namespace courier
