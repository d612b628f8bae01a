#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <fstream>
#include <iterator>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "events/mutex.h"
#include "mnemo/v1/service.grpc.pb.h"
#include "server/load/answers.h"
#include "server/load/target.h"

namespace mnemo {
namespace {

// A request under way: the tag that the queue gives back.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual LoadAnswer answer() const = 0;

  size_t client = 0;
  grpc::ClientContext context;
  grpc::Status status;
  MonotonicTime sent;
};

template <typename Response>
class ExchangeOf final : public Exchange {
 public:
  LoadAnswer answer() const override { return load_answer(response); }

  Response response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
};

class GrpcTarget final : public LoadTarget {
 public:
  GrpcTarget(LoadTargetOptions options, std::shared_ptr<grpc::ChannelCredentials> credentials)
      : options_(std::move(options)), credentials_(std::move(credentials)) {}

  ~GrpcTarget() override {
    queue_.Shutdown();
    if (answers_.joinable()) answers_.join();
  }

  Status connect(size_t clients, Done done) override {
    done_ = std::move(done);
    std::vector<std::shared_ptr<grpc::Channel>> channels;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // or all would share one connection
    arguments.SetMaxReceiveMessageSize(-1);
    for (size_t client = 0; client < clients; ++client) {
      channels.push_back(grpc::CreateCustomChannel(options_.address, credentials_, arguments));
      channels.back()->GetState(/*try_to_connect=*/true);
      stubs_.push_back(v1::MemoryService::NewStub(channels.back()));
    }
    const auto deadline = std::chrono::system_clock::now() + kLoadConnectMax;
    for (const auto& channel : channels) {
      if (channel->WaitForConnected(deadline)) continue;
      return fail(Code::kUnavailable, fmt::format("no answer from {} by gRPC: is `mnemo serve` running there? --grpc "
                                                  "names its address for gRPC, 127.0.0.1:7071 where none is given",
                                                  options_.address));
    }
    answers_ = std::thread([this] { take_answers(); });
    return {};
  }

  void send(size_t client, const LoadRequest& request) override {
    using Stub = v1::MemoryService::Stub;
    if (const auto* const one = std::get_if<v1::RememberRequest>(&request)) {
      begin<v1::RememberResponse>(client, *one, &Stub::PrepareAsyncRemember);
    } else if (const auto* const batch = std::get_if<v1::RememberBatchRequest>(&request)) {
      begin<v1::RememberBatchResponse>(client, *batch, &Stub::PrepareAsyncRememberBatch);
    } else {
      begin<v1::RetrieveResponse>(client, std::get<v1::RetrieveRequest>(request), &Stub::PrepareAsyncRetrieve);
    }
  }

  void cancel() override {
    const MutexLock lock(mutex_);
    for (Exchange* exchange : under_way_) exchange->context.TryCancel();
  }

 private:
  template <typename Response, typename Request, typename Prepare>
  void begin(size_t client, const Request& request, Prepare prepare) {
    auto made = std::make_unique<ExchangeOf<Response>>();
    ExchangeOf<Response>& exchange = *made.release();  // the queue's until it gives it back
    exchange.client = client;
    exchange.context.set_deadline(std::chrono::system_clock::now() + kLoadRequestMax);
    exchange.context.set_wait_for_ready(true);
    if (!options_.api_key.empty()) exchange.context.AddMetadata("authorization", "Bearer " + options_.api_key);
    exchange.reader = (stubs_[client].get()->*prepare)(&exchange.context, request, &queue_);
    {
      const MutexLock lock(mutex_);
      under_way_.insert(&exchange);
    }
    exchange.sent = std::chrono::steady_clock::now();
    exchange.reader->StartCall();
    exchange.reader->Finish(&exchange.response, &exchange.status, static_cast<Exchange*>(&exchange));
  }

  void take_answers() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
      const MonotonicTime received = std::chrono::steady_clock::now();
      const std::unique_ptr<Exchange> exchange(static_cast<Exchange*>(tag));
      {
        const MutexLock lock(mutex_);
        under_way_.erase(exchange.get());
      }
      const grpc::Status& status = exchange->status;
      LoadAnswer answer = status.ok() ? exchange->answer() : LoadAnswer::failed(static_cast<Code>(status.error_code()));
      answer.sent = exchange->sent;
      answer.received = received;
      done_(exchange->client, answer);
    }
  }

  const LoadTargetOptions options_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  Done done_;
  std::vector<std::unique_ptr<v1::MemoryService::Stub>> stubs_;
  Mutex mutex_;
  std::unordered_set<Exchange*> under_way_ MNEMO_GUARDED_BY(mutex_);
  grpc::CompletionQueue queue_;
  std::thread answers_;
};

}  // namespace

Result<std::unique_ptr<LoadTarget>> grpc_load_target(const LoadTargetOptions& options) {
  const size_t colon = options.address.rfind(':');
  if (colon == std::string::npos || colon == 0 || options.address.find('/') != std::string::npos) {
    return fail(Code::kInvalidArgument, fmt::format("--grpc {}: give HOST:PORT", options.address));
  }
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!options.ca_cert.empty()) {
    std::ifstream file(options.ca_cert);
    if (!file) return fail(Code::kNotFound, fmt::format("--ca-cert {}: cannot be read", options.ca_cert));
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    credentials = grpc::SslCredentials(ssl);
  }
  return std::make_unique<GrpcTarget>(options, std::move(credentials));
}

}  // namespace mnemo
