#include "console/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include "base/confined_process.h"

namespace courier {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kRequest = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kQuick = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

// A server that answers at once, but /slow when the test tells it to.
class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    HttpServer::Handlers handlers;
    handlers.early = [](const HttpRequest&) { return std::nullopt; };
    handlers.handle = [this](const HttpRequest& request) {
      HttpAnswer answer;
      answer.body = "at once";
      if (request.path != "/slow") return answer;
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

  // All that comes until it has this in it; else until the connection ends.
  std::string received_with(const Fd& socket, std::string_view words) {
    std::string told;
    while (told.find(words) == std::string::npos) {
      turn();
      const std::optional<std::string> more = received(socket);
      if (!more) return told;
      told += *more;
    }
    return told;
  }

  // The same, while everybody is taken to be slow.
  std::string received_when_dropped(const Fd& socket) {
    std::string told;
    while (const std::optional<std::string> more = received(socket)) {
      told += *more;
      turn();
      server_->drop_slow(milliseconds(0));
    }
    return told;
  }

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

TEST_F(HttpServerTest, TellsWhoeverIsTooSlowThatHeIs) {
  for (const std::string_view begun :
       {"GET / HT", "GET / HTTP/1.1\r\nHost: x\r\nX-", "POST / HTTP/1.1\r\nHost: x\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"half"}) {
    const Fd slow = client(begun);
    const std::string told = received_when_dropped(slow);
    EXPECT_EQ(told.substr(0, 13), "HTTP/1.1 408 ") << begun;
    EXPECT_NE(told.find(R"("hint":")"), std::string::npos) << begun;
  }
}

TEST_F(HttpServerTest, LetsGoOfTheIdleWithoutAWord) {
  const Fd silent = client("");
  const Fd idle = client(kQuick);
  received_with(idle, "at once");
  EXPECT_EQ(received_when_dropped(silent), "");
  EXPECT_EQ(received_when_dropped(idle), "");
}

TEST_F(HttpServerTest, GivesARequestOfAnOldConnectionItsWholeTime) {
  const Fd old = client(kQuick);
  received_with(old, "at once");
  const auto send = [&](std::string_view part) {
    ASSERT_EQ(::send(old.get(), part.data(), part.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(part.size()));
    turn();
  };
  send(kQuick.substr(0, 10));
  server_->drop_slow(milliseconds(0));
  EXPECT_EQ(received(old), "");
  send(kQuick.substr(10));
  EXPECT_NE(received_with(old, "at once").find(" 200 "), std::string::npos);

  send(kQuick.substr(0, 10));
  EXPECT_EQ(received_when_dropped(old).substr(0, 13), "HTTP/1.1 408 ");
}

TEST_F(HttpServerTest, TellsACrowdThatItIsOneAndLetsItsIdleGoFirst) {
  std::vector<Fd> crowd;
  for (std::size_t i = 0; i < HttpServer::kMostConnections; ++i) {
    crowd.push_back(client(kRequest));
    tell_ = nullptr;
    while (!tell_) turn();  // it waits for its answer
  }
  const Fd late = client(kQuick);
  const std::string told = received_with(late, "open");
  EXPECT_EQ(told.substr(0, 13), "HTTP/1.1 503 ");
  tell_({.body = "at last"});
  received_with(crowd.back(), "at last");
  const Fd next = client(kQuick);
  EXPECT_NE(received_with(next, "at once").find(" 200 "), std::string::npos);
  EXPECT_EQ(received_with(crowd.back(), "nothing more"), "");  // it was idle, and has gone
}

TEST_F(HttpServerTest, LetsThoseInWhoCameWhileThereWereNoDescriptors) {
  if (kIsSanitized) GTEST_SKIP() << "a sanitizer's check of types opens a pipe";
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const Fd early = client(kQuick);
  const Fd next(::dup(early.get()));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next.get());
  ::setrlimit(RLIMIT_NOFILE, &none);
  for (int i = 0; i < 3; ++i) turn();
  EXPECT_EQ(received(early), "");
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_NE(received_with(early, "at once").find(" 200 "), std::string::npos);
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
