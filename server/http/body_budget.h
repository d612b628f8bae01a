// File: server/http/body_budget.h
// What the bodies of all requests together may take of memory, and the body of Beast's parser that counts against it.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <cstdint>
#include <string>
#include <utility>

namespace mnemo {

// Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(size_t most) : most_(most) {}
  size_t used() const { return used_; }

  bool take(size_t bytes) {
    if (used_.fetch_add(bytes) + bytes <= most_) return true;
    used_.fetch_sub(bytes);
    return false;
  }
  void give_back(size_t bytes) { used_.fetch_sub(bytes); }

 private:
  const size_t most_;
  std::atomic<size_t> used_{0};
};

// One request's part of a budget, given back with it. Of one thread at a time.
class BodyShare {
 public:
  explicit BodyShare(BodyBudget& budget) : budget_(budget) {}
  ~BodyShare() { budget_.give_back(bytes_); }
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;

  // False where the budget does not allow it; the share stays as it was then.
  bool grow_to(size_t bytes) {
    if (bytes <= bytes_) return true;
    if (!budget_.take(bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }

 private:
  BodyBudget& budget_;
  size_t bytes_ = 0;
};

// A Body as Beast defines it. Memory is taken as bytes come, whatever length was announced: to announce costs nothing.
// `share` must be set before the first byte; error not_enough_memory where it may not grow.
struct CountedBody {
  struct value_type {
    std::string text;
    BodyShare* share = nullptr;
  };

  class reader {
   public:
    template <bool is_request, typename Fields>
    reader(boost::beast::http::header<is_request, Fields>& /*header*/, value_type& body) : body_(body) {}

    void init(const boost::optional<uint64_t>& length, boost::system::error_code& error) {
      length_ = length;
      error = {};
    }

    template <typename Buffers>
    size_t put(const Buffers& buffers, boost::system::error_code& error) {
      const size_t bytes = boost::asio::buffer_size(buffers);
      if (!make_room(body_.text.size() + bytes)) {
        error = make_error_code(boost::system::errc::not_enough_memory);
        return 0;
      }
      for (const boost::asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.text.append(static_cast<const char*>(buffer.data()), buffer.size());
      }
      error = {};
      return bytes;
    }

    void finish(boost::system::error_code& error) { error = {}; }

   private:
    bool make_room(size_t bytes) {
      if (bytes <= body_.text.capacity()) return true;
      size_t room = std::max(bytes, 2 * body_.text.capacity());
      if (length_) room = std::max(bytes, std::min<size_t>(room, *length_));
      if (!body_.share->grow_to(room)) return false;
      body_.text.reserve(room);
      return true;
    }

    value_type& body_;
    boost::optional<uint64_t> length_;
  };
};

}  // namespace mnemo
