#include "console/http_server.h"

#include <fmt/format.h>
#include <linux/tcp.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "console/event_stream.h"

namespace courier {
namespace {

// For a request to come whole, and again for its answer to be read.
constexpr std::chrono::seconds kRequestTime{30};
// Of an event stream that is not read. Longer than the former: the library would end a slow request
// without a word.
constexpr unsigned kSilenceSeconds = 45;
// What nobody who is in for longer than this is asked to leave for: a request that has not come.
constexpr std::chrono::seconds kPatience{5};
// Of what is not read by the other side: with kMostConnections, all that the kernel keeps for them.
constexpr int kSendBuffer = 128 << 10;
constexpr std::size_t kConnectionMemory = 32 << 10;  // request line and header fields
constexpr std::size_t kStreamBlock = 16 << 10;

// What every answer carries: nothing of it is kept, nothing runs in it that is not from here, and
// nobody shows it within a page of his own.
constexpr std::pair<const char*, const char*> kForAll[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     "connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"X-Frame-Options", "DENY"},
};

int socket_of(MHD_Connection* connection) {
  const auto* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == nullptr ? -1 : info->connect_fd;
}

std::uint64_t received_by(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_bytes_received;
}

struct Refused {
  int status;
  const char *code, *message, *hint;
};
constexpr Refused kTooSlow = {408, "usage", "the request did not come whole in time",
                              "send it again, without a pause"};
constexpr Refused kNoLength = {411, "usage", "the length of the body is not said",
                               "send it with Content-Length"};
constexpr Refused kTooLarge = {413, "usage", "the body is larger than 64 KiB", "see docs/api.md"};
constexpr Refused kEnding = {503, "busy", "the console is ending", "start it again"};
constexpr Refused kTooMany = {503, "busy", "too many connections are open",
                              "close some of them, and try again"};

HttpAnswer refusal(const Refused& why) {
  HttpAnswer answer;
  answer.status = why.status;
  answer.body = fmt::format(
      R"({{"error":{{"code":"{}","message":"{}","loss":"nothing was done","hint":"{}"}}}})",
      why.code, why.message, why.hint);
  answer.headers = {{"Connection", "close"}};
  return answer;
}

// Of a request that the library has not taken apart; nothing more is told then.
void refuse(int socket, const Refused& why) {
  const HttpAnswer answer = refusal(why);
  std::string text =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", answer.status,
                  MHD_get_reason_phrase_for(static_cast<unsigned>(answer.status)),
                  answer.content_type, answer.body.size());
  for (const auto& [name, value] : kForAll) text += fmt::format("{}: {}\r\n", name, value);
  text += "Cache-Control: no-store\r\nConnection: close\r\n\r\n" + answer.body;
  ::send(socket, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(socket, SHUT_WR);
}

std::string header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? "" : value;
}

}  // namespace

struct HttpServer::Connection {
  std::chrono::steady_clock::time_point since;  // it has been there, had an answer, or begun anew
  std::uint64_t received = 0;                   // bytes by its last answer
  bool was_answered = false;
  bool has_begun = false;  // another request after that one
  bool is_streaming = false;
  bool is_waiting = false;   // for an answer from here
  bool is_answered = false;  // the answer is on its way
};

struct HttpServer::Exchange {
  HttpRequest request;
  bool is_waiting = false;           // for an answer that comes later
  std::optional<HttpAnswer> answer;  // which has come
};

struct HttpServer::Streaming {
  HttpServer* server = nullptr;
  MHD_Connection* connection = nullptr;
  std::shared_ptr<EventStream> stream;
  bool is_suspended = false, is_ending = false;

  void wake() {
    if (!is_suspended) return;
    is_suspended = false;
    MHD_resume_connection(connection);
    server->run_soon();
  }
};

// The library's side of it.
struct HttpServer::Calls {
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url,
                               const char* method, const char*, const char* data, std::size_t* size,
                               void** state) {
    auto* server = static_cast<HttpServer*>(self);
    auto* exchange = static_cast<Exchange*>(*state);
    if (exchange == nullptr) return begin(*server, connection, url, method, state);
    if (*size > 0) {
      // The length was announced, and the library gives no more than that.
      exchange->request.body.append(data, *size);
      *size = 0;
      return exchange->request.body.size() <= kMostBody ? MHD_YES : MHD_NO;
    }
    if (exchange->answer) {
      return static_cast<MHD_Result>(server->answer(connection, std::move(*exchange->answer)));
    }
    if (exchange->is_waiting) return MHD_YES;
    if (server->is_closing_)
      return static_cast<MHD_Result>(server->answer(connection, refusal(kEnding)));
    HttpAnswer answer = server->handlers_.handle(exchange->request);
    if (!answer.later)
      return static_cast<MHD_Result>(server->answer(connection, std::move(answer)));
    server->wait_for(connection, *exchange, std::move(answer));
    return MHD_YES;
  }

  static MHD_Result begin(HttpServer& server, MHD_Connection* connection, const char* url,
                          const char* method, void** state) {
    auto exchange = std::make_unique<Exchange>();
    HttpRequest& request = exchange->request;
    request.method = method;
    request.path = url;
    request.host = header(connection, "Host");
    request.origin = header(connection, "Origin");
    request.cookie = header(connection, "Cookie");
    request.content_type = header(connection, "Content-Type");
    request.courier = header(connection, "X-Courier");
    request.fetch_site = header(connection, "Sec-Fetch-Site");
    request.if_none_match = header(connection, "If-None-Match");
    *state = exchange.release();
    if (server.is_closing_) {
      return static_cast<MHD_Result>(server.answer(connection, refusal(kEnding)));
    }
    const HttpRequest& kept = static_cast<Exchange*>(*state)->request;
    if (!header(connection, "Transfer-Encoding").empty()) {
      return static_cast<MHD_Result>(server.answer(connection, refusal(kNoLength)));
    }
    const std::string length = header(connection, "Content-Length");
    if (length.size() > 9 || std::strtoull(length.c_str(), nullptr, 10) > kMostBody) {
      return static_cast<MHD_Result>(server.answer(connection, refusal(kTooLarge)));
    }
    if (std::optional<HttpAnswer> early = server.handlers_.early(kept)) {
      return static_cast<MHD_Result>(server.answer(connection, std::move(*early)));
    }
    return MHD_YES;
  }

  static void on_completed(void* self, MHD_Connection* connection, void** state,
                           MHD_RequestTerminationCode) {
    auto* server = static_cast<HttpServer*>(self);
    std::erase_if(server->waiting_,
                  [&](const auto& one) { return one.second.first == connection; });
    delete static_cast<Exchange*>(*state);
    *state = nullptr;
    const auto it = server->connections_.find(connection);
    if (it == server->connections_.end()) return;
    it->second = {std::chrono::steady_clock::now(), received_by(socket_of(connection)), true};
  }

  static void on_connection(void* self, MHD_Connection* connection, void**,
                            MHD_ConnectionNotificationCode code) {
    auto* server = static_cast<HttpServer*>(self);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
      server->connections_.erase(connection);
    } else {
      server->connections_[connection] = {std::chrono::steady_clock::now()};
      if (server->slow_timer_ == 0) server->look_for_slow();
    }
  }

  static ssize_t on_stream(void* state, std::uint64_t, char* out, std::size_t most) {
    auto* streaming = static_cast<Streaming*>(state);
    if (streaming->is_ending) return MHD_CONTENT_READER_END_OF_STREAM;
    const std::size_t count = streaming->stream->take(out, most);
    if (count == 0) {
      streaming->is_suspended = true;
      MHD_suspend_connection(streaming->connection);
    }
    return static_cast<ssize_t>(count);
  }

  static void on_stream_end(void* state) {
    auto* streaming = static_cast<Streaming*>(state);
    streaming->server->streams_.erase(streaming->connection);
    streaming->stream->on_ready({});
    delete streaming;
  }

  // Whether another request was not known yet to have begun. Its time begins with its first byte,
  // not with the answer before it.
  static bool begins(MHD_Connection* connection, Connection& state) {
    if (!state.was_answered || state.has_begun || state.is_answered ||
        received_by(socket_of(connection)) <= state.received) {
      return false;
    }
    state.has_begun = true;
    state.since = std::chrono::steady_clock::now();
    return true;
  }

  static void end_slow(MHD_Connection* connection, const Connection& state, const Refused& why) {
    const int socket = socket_of(connection);
    // In the midst of an answer nothing can be said, and where no request began nobody listens.
    if (!state.is_answered && received_by(socket) > state.received) refuse(socket, why);
    ::shutdown(socket, SHUT_RDWR);
  }

  // Paths are looked up as they came.
  static std::size_t leave_escapes(void*, MHD_Connection*, char* text) { return std::strlen(text); }

  static void ignore_log(void*, const char*, va_list) {}
};

HttpServer::HttpServer(EventLoop& loop, const ListenAddress& address, Handlers handlers)
    : loop_(loop),
      handlers_(std::move(handlers)),
      listener_(loop, address, [this](Fd socket) { came(std::move(socket)); }) {
  daemon_ = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET, 0,
      nullptr, nullptr, &Calls::on_request, this, MHD_OPTION_EXTERNAL_LOGGER, &Calls::ignore_log,
      nullptr, MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(kMostConnections),
      MHD_OPTION_CONNECTION_TIMEOUT, kSilenceSeconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      kConnectionMemory, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED,
      &Calls::on_completed, this, MHD_OPTION_NOTIFY_CONNECTION, &Calls::on_connection, this,
      MHD_OPTION_UNESCAPE_CALLBACK, &Calls::leave_escapes, nullptr, MHD_OPTION_END);
  if (daemon_ == nullptr) {
    throw Error(ErrorCode::device, "console at " + address.authority(), "cannot serve HTTP");
  }
  epoll_ = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  loop_.watch(epoll_, [this] { run(); });
}

HttpServer::~HttpServer() {
  is_closing_ = true;
  loop_.forget(epoll_);
  loop_.cancel(timer_);
  loop_.cancel(slow_timer_);
  for (auto& [connection, streaming] : streams_) {
    streaming->is_ending = true;
    if (std::exchange(streaming->is_suspended, false)) MHD_resume_connection(connection);
  }
  for (const auto& [number, one] : std::exchange(waiting_, {})) {
    one.second->answer = refusal(kEnding);
    MHD_resume_connection(one.first);
  }
  MHD_run(daemon_);
  MHD_stop_daemon(daemon_);
}

void HttpServer::came(Fd socket) {
  if (connections_.size() >= kMostConnections && !make_room()) {
    refuse(socket.get(), kTooMany);
    leaving_.push_back(std::move(socket));
    if (leaving_.size() > kMostConnections) leaving_.pop_front();
    return;
  }
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  // The library closes it, also when it does not take it.
  MHD_add_connection(daemon_, socket.release(), reinterpret_cast<sockaddr*>(&address), size);
  run();
}

// Ends the connection that has owed a request longest, unless none was given its time for one.
bool HttpServer::make_room() {
  run();  // what is over by now is known to be
  if (connections_.size() < kMostConnections) return true;
  const auto now = std::chrono::steady_clock::now();
  const std::pair<MHD_Connection* const, Connection>* oldest = nullptr;
  for (auto& one : connections_) {
    Connection& state = one.second;
    if (state.is_streaming || state.is_waiting || state.is_answered) continue;
    Calls::begins(one.first, state);
    if ((!state.was_answered || state.has_begun) && now - state.since < kPatience) continue;
    if (oldest == nullptr || state.since < oldest->second.since) oldest = &one;
  }
  if (oldest == nullptr) return false;
  Calls::end_slow(oldest->first, oldest->second, kTooMany);
  run();
  return connections_.size() < kMostConnections;
}

void HttpServer::run() {
  MHD_run(daemon_);
  loop_.cancel(timer_);
  timer_ = 0;
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  if (MHD_get_timeout(daemon_, &milliseconds) != MHD_YES) return;
  timer_ = loop_.call_after(
      EventLoop::Duration(std::min<MHD_UNSIGNED_LONG_LONG>(milliseconds, 60'000)), [this] {
        timer_ = 0;
        run();
      });
}

void HttpServer::forget_closed_streams() {
  for (const auto& [connection, streaming] : streams_) {
    char byte = 0;
    const ssize_t count = ::recv(socket_of(connection), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) continue;
    streaming->stream->is_over = true;
    streaming->is_ending = true;
    streaming->wake();
  }
}

void HttpServer::run_soon() {
  if (is_closing_) return;
  loop_.cancel(timer_);
  timer_ = loop_.call_after(EventLoop::Duration(0), [this] {
    timer_ = 0;
    run();
  });
}

void HttpServer::wait_for(MHD_Connection* connection, Exchange& exchange, HttpAnswer answer) {
  exchange.is_waiting = true;
  connections_[connection].is_waiting = true;
  MHD_suspend_connection(connection);
  const std::uint64_t number = ++last_waiting_;
  waiting_[number] = {connection, &exchange};
  answer.later([this, alive = std::weak_ptr(alive_), number](HttpAnswer known) {
    if (alive.expired()) return;
    const auto it = waiting_.find(number);
    if (it == waiting_.end()) return;
    const auto [waiting, its] = it->second;
    waiting_.erase(it);
    its->answer = std::move(known);
    connections_[waiting].is_waiting = false;
    connections_[waiting].since = std::chrono::steady_clock::now();
    MHD_resume_connection(waiting);
    run_soon();
  });
}

void HttpServer::look_for_slow() {
  slow_timer_ = 0;
  leaving_.clear();
  if (is_closing_ || connections_.empty()) return;
  drop_slow(kRequestTime);
  slow_timer_ = loop_.call_after(std::chrono::seconds(5), [this] { look_for_slow(); });
}

void HttpServer::drop_slow(std::chrono::steady_clock::duration longest) {
  const auto now = std::chrono::steady_clock::now();
  for (auto& [connection, state] : connections_) {
    if (state.is_streaming || state.is_waiting) continue;
    if (Calls::begins(connection, state)) continue;
    if (now - state.since < longest) continue;
    Calls::end_slow(connection, state, kTooSlow);
  }
}

int HttpServer::answer(MHD_Connection* connection, HttpAnswer answer) {
  MHD_Response* response = nullptr;
  Connection& state = connections_[connection];
  state.since = std::chrono::steady_clock::now();
  state.is_answered = true;
  if (answer.stream) {
    auto* streaming = new Streaming{this, connection, answer.stream};
    streams_[connection] = streaming;
    state.is_streaming = true;
    answer.stream->on_ready([streaming] { streaming->wake(); });
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kStreamBlock, &Calls::on_stream,
                                                 streaming, &Calls::on_stream_end);
    if (response == nullptr) Calls::on_stream_end(streaming);
  } else if (answer.asset.data() != nullptr) {
    response = MHD_create_response_from_buffer(
        answer.asset.size(), const_cast<char*>(answer.asset.data()), MHD_RESPMEM_PERSISTENT);
  } else {
    response = MHD_create_response_from_buffer(answer.body.size(), answer.body.data(),
                                               MHD_RESPMEM_MUST_COPY);
  }
  if (response == nullptr) return MHD_NO;
  for (const auto& [name, value] : kForAll) MHD_add_response_header(response, name, value);
  if (!answer.content_type.empty()) {
    MHD_add_response_header(response, "Content-Type", answer.content_type.c_str());
  }
  bool has_caching = false;
  for (const auto& [name, value] : answer.headers) {
    has_caching = has_caching || name == "Cache-Control";
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  if (!has_caching) MHD_add_response_header(response, "Cache-Control", "no-store");
  const MHD_Result queued =
      MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return queued;
}

}  // namespace courier
