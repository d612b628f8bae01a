// Sends requests that are none to a server that runs: all kinds in turn, over HTTP and over gRPC. Prints one line of
// JSON: how many were answered with which status.
//
//   bad_requests HTTP_PORT GRPC_PORT COUNT
#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "mnemo/v1/service.pb.h"

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using mnemo::v1::RememberRequest;

using Statuses = std::map<std::string, uint64_t>;

std::string repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

// --- HTTP ---

// Large ones are sent once in so many: they would take most of the time.
constexpr uint64_t kLargeEvery = 1000;

std::string message(const std::string& method, const std::string& target, const std::string& body,
                    const std::string& headers = "Content-Type: application/json\r\n") {
  return method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<std::string> bad_bodies() {
  const std::string scope = R"("namespace":"n","agent_id":"a",)";
  return {"",
          " ",
          "{",
          "[]",
          "null",
          R"({"text":"\ud800"})",
          "{\"text\":\"\xff\"}",
          R"({"text":"a","text":"b"})",
          R"({"text":99999999999999999999})",
          repeated("[", 10'000),
          "{" + scope + R"("txet":"t"})",
          "{" + scope + R"("text":""})",
          "{" + scope + R"("text":"t","tier":"upper"})",
          "{" + scope + R"("text":"t","expires_at":"tomorrow"})",
          "{" + scope + R"("text":"t","tags":[)" + repeated("\"t\",", 1000) + R"("t"]})",
          "{" + scope + R"("text":"t","idempotency_key":")" + std::string(5000, 'k') + "\"}",
          "{" + scope + R"("query":"q","limit":0})",
          "{" + scope + R"("query":"q","filter":{"tga":"x"}})",
          "{" + scope + R"("query":"q","filter":{"not":)" + repeated(R"({"not":)", 30) + "{}" + repeated("}", 32),
          "{" + scope + R"("query":"q","min_position":["99-1-1"]})",
          R"({"memories":[]})",
          R"({"memories":[)" + repeated("{},", 1000) + "{}]}"};
}

std::vector<std::string> http_requests() {
  const std::string memory = "/v1/memories/m?namespace=n&agent_id=a";
  std::vector<std::string> requests;
  for (const std::string& body : bad_bodies()) {
    for (const char* const path : {"/v1/memories", "/v1/memories:batch", "/v1/retrieve", "/v1/forget"}) {
      requests.push_back(message("POST", path, body));
    }
    if (body.size() > 1) requests.push_back(message("PATCH", memory, body));
  }
  for (const std::string target :
       {"/", "/v2/memories", "/v1/memories?limit=0", "/v1/memories?namespace=n&agent_id=a&limit=0", "/v1/memories/%ff",
        "/v1/memories/%zz?namespace=n&agent_id=a", "/v1/status?verbose=1", "/readyz?for=everything", memory.c_str(),
        "/v1/memories/m/history?namespace=n&agent_id=nobody"}) {
    requests.push_back(message("GET", target, ""));
    requests.push_back(message("PUT", target, "{}"));
  }
  requests.push_back(message("GET", "/" + std::string(7000, 'x'), ""));
  requests.push_back(message("POST", "/v1/memories", "{}", "Content-Type: text/plain\r\n"));
  requests.push_back(message("POST", "/v1/memories", "{}", "Content-Type: application/json\r\nGrpc-Timeout: 10\r\n"));
  requests.push_back(message("POST", "/v1/memories", "{}", "Content-Type: application/json\r\nOrigin: http://x\r\n"));
  // Those after which the connection is of no more use.
  requests.push_back("GET /v1/status HTTP/1.1\r\nHost: example.org\r\n\r\n");
  requests.push_back("GET /v1/status HTTP/1.1\r\n\r\n");
  requests.push_back("GET /v1/status HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n");
  requests.push_back("\x16\x03\x01\x02\x01\x01\r\n\r\n");
  requests.push_back("POST /v1/memories HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n");
  requests.push_back("POST /v1/memories HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n");
  requests.push_back("POST /v1/memories HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n");
  return requests;
}

std::vector<std::string> large_http_requests() {
  return {message("POST", "/v1/memories", R"({"text":")" + std::string(300'000, 'x')),
          message("POST", "/v1/retrieve",
                  R"({"namespace":"n","agent_id":"a","query":")" + std::string(100'000, 'q') + "\"}"),
          "GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + std::string(100'000, 'h') + "\r\n\r\n"};
}

// Each in its turn.
template <typename Request>
const Request& turn(const std::vector<Request>& requests, const std::vector<Request>& large, uint64_t i) {
  return i % kLargeEvery == 0 ? large[i / kLargeEvery % large.size()] : requests[i % requests.size()];
}

// One connection after the other: a new one wherever the server has closed the last.
class HttpSender {
 public:
  explicit HttpSender(uint16_t port) : to_(asio::ip::address_v4::loopback(), port) {}

  std::string send(const std::string& request) {
    if (!socket_.is_open()) socket_.connect(to_);
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(request), error);  // it may answer, and close, before it has all
    http::response<http::string_body> response;
    http::read(socket_, buffer_, response, error);
    if (error || !response.keep_alive()) close();
    return error ? "closed" : std::to_string(response.result_int());
  }

 private:
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    buffer_.clear();
  }

  const asio::ip::tcp::endpoint to_;
  asio::io_context context_;
  asio::ip::tcp::socket socket_{context_};
  boost::beast::flat_buffer buffer_;
};

Statuses send_http(uint16_t port, uint64_t count) {
  const std::vector<std::string> requests = http_requests();
  const std::vector<std::string> large = large_http_requests();
  HttpSender sender(port);
  Statuses statuses;
  for (uint64_t i = 0; i < count; ++i) ++statuses[sender.send(turn(requests, large, i))];
  return statuses;
}

// --- gRPC ---

struct Rpc {
  std::string path;
  std::string bytes;
};

std::vector<Rpc> grpc_requests() {
  const std::string remember = "/mnemo.v1.MemoryService/Remember";
  const std::string retrieve = "/mnemo.v1.MemoryService/Retrieve";
  std::vector<Rpc> requests = {{"/mnemo.v1.MemoryService/Nothing", ""},
                               {"/no.such.Service/Remember", "x"},
                               {remember, std::string("\xff")},
                               {remember, std::string("\x0a\x05"
                                                      "ab")},
                               {remember, std::string("\x98\xf1\x04\x01")},
                               {retrieve, std::string("\x0a\x02\xff\xfe")}};
  RememberRequest request;
  requests.push_back({remember, request.SerializeAsString()});
  request.mutable_memory()->set_namespace_("n");
  request.mutable_memory()->set_agent_id("a");
  requests.push_back({remember, request.SerializeAsString()});
  request.mutable_memory()->set_text("t");
  request.mutable_memory()->set_tier(static_cast<mnemo::v1::Tier>(77));
  requests.push_back({remember, request.SerializeAsString()});
  mnemo::v1::RetrieveRequest question;
  question.set_namespace_("n");
  question.set_agent_id("a");
  question.set_limit(0);
  requests.push_back({retrieve, question.SerializeAsString()});
  question.set_limit(10);
  question.mutable_filter()->mutable_and_();
  requests.push_back({retrieve, question.SerializeAsString()});
  mnemo::v1::GetMemoryRequest get;
  get.set_namespace_("n");
  get.set_agent_id("nobody");
  get.set_id("m");
  requests.push_back({"/mnemo.v1.MemoryService/GetMemory", get.SerializeAsString()});
  return requests;
}

std::vector<Rpc> large_grpc_requests() {
  RememberRequest request;
  request.mutable_memory()->set_namespace_("n");
  request.mutable_memory()->set_agent_id("a");
  request.mutable_memory()->set_text(std::string(1'000'000, 'x'));
  const std::string remember = "/mnemo.v1.MemoryService/Remember";
  return {{remember, request.SerializeAsString()}, {remember, std::string(4'500'000, 'x')}};
}

Statuses send_grpc(uint16_t port, uint64_t count) {
  const std::vector<Rpc> requests = grpc_requests();
  const std::vector<Rpc> large = large_grpc_requests();
  const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials());
  grpc::GenericStub stub(channel);
  Statuses statuses;
  for (uint64_t i = 0; i < count; ++i) {
    const Rpc& rpc = turn(requests, large, i);
    grpc::ClientContext context;
    const grpc::Slice slice(rpc.bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, rpc.path, grpc::StubOptions(), &request, &response,
                   [&done](grpc::Status status) { done.set_value(std::move(status)); });
    ++statuses["grpc " + std::to_string(done.get_future().get().error_code())];
  }
  return statuses;
}

int run(uint16_t http_port, uint16_t grpc_port, uint64_t count) {
  const uint64_t over_grpc = count / 4;
  Statuses statuses;
  std::thread other([&] {
    Statuses more = send_grpc(grpc_port, over_grpc);
    statuses.merge(more);
  });
  Statuses mine = send_http(http_port, count - over_grpc);
  other.join();
  statuses.merge(mine);
  std::string line;
  for (const auto& [status, times] : statuses)
    line += fmt::format("{}\"{}\": {}", line.empty() ? "" : ", ", status, times);
  std::printf("{%s}\n", line.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "bad_requests HTTP_PORT GRPC_PORT COUNT\n");
    return 2;
  }
  return run(static_cast<uint16_t>(std::atoi(argv[1])), static_cast<uint16_t>(std::atoi(argv[2])),
             std::strtoull(argv[3], nullptr, 10));
}
