// HttpServer: libmicrohttpd within the console's one thread, with everything limited that a client
// could make grow: connections, their memory and their time, and the body of a request.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/file_system.h"
#include "console/event_loop.h"
#include "console/http_message.h"
#include "console/listener.h"

struct MHD_Daemon;
struct MHD_Connection;

namespace courier {

class HttpServer {
 public:
  static constexpr std::size_t kMostBody = 64 << 10, kMostConnections = 64;

  struct Handlers {
    // Before the body is read: an answer that needs none of it; nullopt: go on.
    std::function<std::optional<HttpAnswer>(const HttpRequest&)> early;
    std::function<HttpAnswer(const HttpRequest&)> handle;
  };

  // Listens. Errors: device, when the address cannot be had.
  HttpServer(EventLoop& loop, const ListenAddress& address, Handlers handlers);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const { return listener_.port(); }
  // Ends connections that have owed a request, the rest of one, or the reading of an answer for
  // this long; where a request has begun, with 408. What waits for an answer from here owes
  // nothing.
  void drop_slow(std::chrono::steady_clock::duration longest);
  // Streams whose browser has gone, as far as that can be seen, end now and not at their next
  // event.
  void forget_closed_streams();

 private:
  struct Exchange;    // one request
  struct Connection;  // what it owes, and since when
  struct Calls;       // what the library calls back

  void came(Fd socket);
  bool make_room();
  void run();
  void run_soon();
  void wait_for(MHD_Connection* connection, Exchange& exchange, HttpAnswer answer);
  void look_for_slow();
  int answer(MHD_Connection* connection, HttpAnswer answer);

  EventLoop& loop_;
  const Handlers handlers_;
  Listener listener_;
  MHD_Daemon* daemon_ = nullptr;
  int epoll_ = -1;
  std::uint64_t timer_ = 0, slow_timer_ = 0;
  std::map<MHD_Connection*, Connection> connections_;
  // Told that there are too many, and closed a little later: what they still send to a closed one
  // would take back what they were told.
  std::deque<Fd> leaving_;
  // Open streams by connection; suspended while they have nothing to say.
  struct Streaming;
  std::map<MHD_Connection*, Streaming*> streams_;
  // Requests whose answer comes later, suspended.
  std::map<std::uint64_t, std::pair<MHD_Connection*, Exchange*>> waiting_;
  std::uint64_t last_waiting_ = 0;
  bool is_closing_ = false;  // what still comes is refused, and nothing is timed
  // What is told an answer later may outlast this.
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace courier
