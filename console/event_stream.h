// Event stream: server-sent events to one browser. A reader that is slower than the events gets the
// latest of each kind and not all of them, so that what is kept for it is bounded.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace courier {

class EventStream {
 public:
  // An event as it is sent, shared by all streams that it is for.
  using Frame = std::shared_ptr<const std::string>;
  static Frame frame(const std::string& name, const std::string& data);  // data: one line

  // Kept until it is sent, or another one of the same name comes.
  void push(const std::string& name, Frame frame);
  // The next bytes for the browser; 0: there is nothing now.
  std::size_t take(char* out, std::size_t most);
  // The server's: called when there is something after there was nothing.
  void on_ready(std::function<void()> ready) { ready_ = std::move(ready); }

  bool is_over = false;  // nobody reads it any more
  std::string token;     // of the session that it is for; empty: it was not the operator's

 private:
  std::map<std::string, Frame> waiting_;  // by name
  Frame sending_;                         // nullptr: none
  std::size_t sent_ = 0;
  std::function<void()> ready_;
};

// All streams that are open.
class EventHub {
 public:
  static constexpr std::size_t kMost = 16;

  // nullptr: there are too many.
  std::shared_ptr<EventStream> open();
  // To those that may have it; may absent: to all.
  void send(const std::string& name, const std::string& data,
            const std::function<bool(const EventStream&)>& may = {});
  std::size_t count();  // of the open ones

 private:
  std::list<std::weak_ptr<EventStream>> streams_;
};

}  // namespace courier
