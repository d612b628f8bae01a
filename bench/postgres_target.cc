#include "bench/postgres_target.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>
#include <libpq-fe.h>

#include <array>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <thread>
#include <utility>
#include <vector>

namespace mnemo::bench {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kColumns = 5;
constexpr const char* kTable = R"(
  CREATE TABLE IF NOT EXISTS memories (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent text NOT NULL, session text NOT NULL, speaker text NOT NULL, observed_at bigint NOT NULL, text text NOT NULL);
  CREATE INDEX IF NOT EXISTS memories_text ON memories USING gin (to_tsvector('english', text));)";

std::string insert_of(size_t rows) {
  std::string sql = "INSERT INTO memories (agent, session, speaker, observed_at, text) VALUES ";
  for (size_t row = 0; row < rows; ++row) {
    const size_t first = row * kColumns;
    sql += fmt::format("{}(${}, ${}, ${}, ${}, ${})", row == 0 ? "" : ", ", first + 1, first + 2, first + 3, first + 4,
                       first + 5);
  }
  return sql;
}

using Values = std::vector<std::string>;

void add_row(const v1::MemoryInput& memory, Values& values) {
  values.push_back(memory.agent_id());
  values.push_back(memory.session_id());
  values.push_back(memory.speaker());
  values.push_back(std::to_string(google::protobuf::util::TimeUtil::TimestampToMilliseconds(memory.observed_at())));
  values.push_back(memory.text());
}

struct Connection {
  Connection(asio::io_context& io, PGconn* made) : connection(made), socket(io) {}
  ~Connection() {
    socket.release();  // libpq's own
    PQfinish(connection);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  PGconn* connection;
  asio::posix::stream_descriptor socket;
  MonotonicTime sent;
  uint64_t rows = 0;  // of the statement under way
  bool failed = false;
};

class PostgresTarget final : public LoadTarget {
 public:
  PostgresTarget(std::string connection, uint32_t batch)
      : options_(std::move(connection)), batch_(batch), work_(io_.get_executor()) {}

  ~PostgresTarget() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Status connect(size_t clients, Done done) override {
    done_ = std::move(done);
    for (size_t i = 0; i < clients; ++i) {
      PGconn* const made = PQconnectdb(options_.c_str());
      Connection& connection = *connections_.emplace_back(std::make_unique<Connection>(io_, made));
      if (PQstatus(made) != CONNECTION_OK) return fail(Code::kUnavailable, PQerrorMessage(made));
      MNEMO_TRY(i == 0 ? finished(made, PQexec(made, kTable)) : Status());
      MNEMO_TRY(finished(made, PQprepare(made, "one", insert_of(1).c_str(), 0, nullptr)));
      MNEMO_TRY(finished(made, PQprepare(made, "batch", insert_of(batch_).c_str(), 0, nullptr)));
      PQsetnonblocking(made, 1);
      connection.socket.assign(PQsocket(made));
    }
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  void send(size_t client, const LoadRequest& request) override {
    asio::dispatch(io_, [this, client, request] {
      Values values;
      const auto* const one = std::get_if<v1::RememberRequest>(&request);
      if (one != nullptr) {
        add_row(one->memory(), values);
      } else {
        for (const auto& memory : std::get<v1::RememberBatchRequest>(request).memories()) add_row(memory, values);
      }
      start(client, one != nullptr ? "one" : "batch", values);
    });
  }

  void cancel() override {
    std::array<char, 256> ignored;
    for (const auto& connection : connections_) {
      PGcancel* const cancel = PQgetCancel(connection->connection);
      PQcancel(cancel, ignored.data(), static_cast<int>(ignored.size()));
      PQfreeCancel(cancel);
    }
  }

 private:
  static Status finished(PGconn* connection, PGresult* result) {
    const bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return done ? Status() : fail(Code::kInternal, PQerrorMessage(connection));
  }

  void start(size_t client, const char* statement, const Values& values) {
    Connection& c = *connections_[client];
    std::vector<const char*> pointers;
    pointers.reserve(values.size());
    for (const std::string& value : values) pointers.push_back(value.c_str());
    c.rows = values.size() / kColumns;
    c.sent = std::chrono::steady_clock::now();
    c.failed = PQsendQueryPrepared(c.connection, statement, static_cast<int>(values.size()), pointers.data(), nullptr,
                                   nullptr, 0) == 0;
    if (c.failed) return finish(client);
    flush(client);
    read(client);
  }

  void flush(size_t client) {
    Connection& c = *connections_[client];
    if (PQflush(c.connection) != 1) return;  // all sent; an error is told by reading
    c.socket.async_wait(asio::posix::stream_descriptor::wait_write, [this, client](error_code error) {
      if (!error) flush(client);
    });
  }

  void read(size_t client) {
    connections_[client]->socket.async_wait(asio::posix::stream_descriptor::wait_read,
                                            [this, client](error_code error) {
                                              if (!error) take(client);
                                            });
  }

  void take(size_t client) {
    Connection& c = *connections_[client];
    if (PQconsumeInput(c.connection) == 0) {
      c.failed = true;
      return finish(client);
    }
    while (PQisBusy(c.connection) == 0) {
      PGresult* const result = PQgetResult(c.connection);
      if (result == nullptr) return finish(client);
      c.failed = c.failed || PQresultStatus(result) != PGRES_COMMAND_OK;
      PQclear(result);
    }
    read(client);
  }

  void finish(size_t client) {
    const Connection& c = *connections_[client];
    LoadAnswer answer;
    answer.acknowledged = c.rows;
    if (c.failed) answer = LoadAnswer::failed(Code::kUnknown);
    answer.sent = c.sent;
    answer.received = std::chrono::steady_clock::now();
    done_(client, answer);
  }

  const std::string options_;
  const uint32_t batch_;
  Done done_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<LoadTarget> postgres_target(std::string connection, uint32_t batch) {
  return std::make_unique<PostgresTarget>(std::move(connection), batch);
}

}  // namespace mnemo::bench
