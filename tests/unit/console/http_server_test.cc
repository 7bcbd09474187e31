#include "console/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <optional>

namespace courier {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kRequest = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";

// A server whose every answer comes later.
class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    HttpServer::Handlers handlers;
    handlers.early = [](const HttpRequest&) { return std::nullopt; };
    handlers.handle = [this](const HttpRequest&) {
      HttpAnswer answer;
      answer.later = [this](std::function<void(HttpAnswer)> tell) { tell_ = std::move(tell); };
      return answer;
    };
    server_.emplace(loop_, ListenAddress::parse("127.0.0.1:0"), std::move(handlers));
  }

  Fd client(std::string_view sent) {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(::send(socket.get(), sent.data(), sent.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(sent.size()));
    return socket;
  }

  // What is there now; nullopt: the connection has ended.
  static std::optional<std::string> received(const Fd& socket) {
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN)) return std::nullopt;
    return std::string(buffer.data(), count < 0 ? 0 : static_cast<std::size_t>(count));
  }

  void turn() { loop_.turn(milliseconds(10)); }

  EventLoop loop_;
  std::function<void(HttpAnswer)> tell_;
  std::optional<HttpServer> server_;
};

TEST_F(HttpServerTest, WaitsForItsOwnAnswerHoweverLongAndNotForASlowRequest) {
  const Fd patient = client(kRequest);
  while (!tell_) turn();
  const Fd slow = client("GET / HT");
  while (received(slow)) {
    turn();
    server_->drop_slow(milliseconds(0));
  }
  tell_({.body = "at last"});
  std::string told;
  while (told.find("at last") == std::string::npos) {
    turn();
    const std::optional<std::string> more = received(patient);
    ASSERT_TRUE(more) << told;
    told += *more;
  }
}

TEST_F(HttpServerTest, AnswersNobodyAfterItsEnd) {
  const Fd waiting = client(kRequest);
  while (!tell_) turn();
  const Fd late = client(kRequest);
  server_.reset();
  tell_({.body = "too late"});
  turn();
  for (const Fd* const one : {&waiting, &late}) {
    std::string told;
    while (const std::optional<std::string> more = received(*one)) told += *more;
    EXPECT_EQ(told.find("too late"), std::string::npos);
    EXPECT_EQ(told.find(" 200 "), std::string::npos);
  }
}

}  // namespace
}  // namespace courier
