#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <boost/asio/ssl/stream.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>

#include "server/http/http_server.h"
#include "tests/server/http_client.h"

namespace mnemo {
namespace {

namespace ssl = boost::asio::ssl;
using ::testing::HasSubstr;

std::string scratch(const std::string& name) {
  return (std::filesystem::path(testing::TempDir()) / ("mnemo_http_tls_" + std::to_string(::getpid()) + "_" + name))
      .string();
}

void write_pem(const std::string& file, const std::function<int(std::FILE*)>& write) {
  std::FILE* out = std::fopen(file.c_str(), "w");
  ASSERT_NE(out, nullptr);
  EXPECT_EQ(write(out), 1);
  std::fclose(out);
}

// A certificate for localhost that signs itself, and its key, as files that go with it.
struct Certificate {
  explicit Certificate(const std::string& name) : cert(scratch(name + ".crt")), key(scratch(name + ".key")) {
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509* x509 = X509_new();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1,
                               0);
    X509_set_issuer_name(x509, subject);
    X509_set_pubkey(x509, pair);
    EXPECT_GT(X509_sign(x509, pair, EVP_sha256()), 0);
    write_pem(cert, [&](std::FILE* out) { return PEM_write_X509(out, x509); });
    write_pem(key,
              [&](std::FILE* out) { return PEM_write_PrivateKey(out, pair, nullptr, nullptr, 0, nullptr, nullptr); });
    X509_free(x509);
    EVP_PKEY_free(pair);
  }
  ~Certificate() {
    std::filesystem::remove(cert);
    std::filesystem::remove(key);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  std::string cert;
  std::string key;
};

HttpServerOptions with(const Certificate& certificate) {
  HttpServerOptions options;
  options.tls_cert = certificate.cert;
  options.tls_key = certificate.key;
  return options;
}

// Trusts the one certificate.
class TlsClient {
 public:
  TlsClient(uint16_t port, const Certificate& trusted, int newest = TLS1_3_VERSION)
      : stream_(prepare(trusted, newest)) {
    stream_.next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), port});
    stream_.handshake(ssl::stream_base::client, error);
  }
  ClientResponse ask(std::string_view bytes) {
    boost::asio::write(stream_, boost::asio::buffer(bytes), error);
    return receive_from(stream_, buffer_);
  }

  boost::system::error_code error;  // of the handshake, or of sending

 private:
  ssl::stream<boost::asio::ip::tcp::socket> prepare(const Certificate& trusted, int newest) {
    context_.load_verify_file(trusted.cert);
    context_.set_verify_mode(ssl::verify_peer);
    SSL_CTX_set_max_proto_version(context_.native_handle(), newest);
    return {io_, context_};
  }

  boost::asio::io_context io_;
  ssl::context context_{ssl::context::tls_client};
  ssl::stream<boost::asio::ip::tcp::socket> stream_;
  boost::beast::flat_buffer buffer_;
};

TEST(HttpTls, RequestsAreAnsweredByVersion12And13AndNoOlderOne) {
  const Certificate certificate("versions");
  const auto server = serve(echo, with(certificate));
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(server->port(), certificate, version);
    ASSERT_FALSE(client.error) << client.error.message();
    const std::string body(300'000, 'x');
    EXPECT_EQ(client.ask(post(body)).body(), "POST /v1/memories " + body);
    EXPECT_EQ(client.ask(get("/again")).body(), "GET /again ");
  }
  EXPECT_TRUE(TlsClient(server->port(), certificate, TLS1_1_VERSION).error);
}

TEST(HttpTls, WithoutTlsNothingIsSaid) {
  const Certificate certificate("plain");
  const auto server = serve(echo, with(certificate));
  EXPECT_NE(TestClient(server->port()).ask(get("/")).result_int(), 200U);
  EXPECT_EQ(server->counters().requests, 0U);
}

TEST(HttpTls, LimitsHoldAsTheyDoWithout) {
  const Certificate certificate("limits");
  HttpServerOptions options = with(certificate);
  options.body_bytes_max = 1000;
  options.request_max = std::chrono::seconds(2);
  const auto server = serve(echo, options);
  EXPECT_EQ(TlsClient(server->port(), certificate).ask(post(std::string(1001, 'x'))).result_int(), 413U);
  EXPECT_EQ(TlsClient(server->port(), certificate).ask("GET / HT").result_int(), 408U);
}

TEST(HttpTls, AHandshakeThatDoesNotComeIsGivenUp) {
  const Certificate certificate("handshake");
  HttpServerOptions options = with(certificate);
  options.request_max = std::chrono::milliseconds(50);
  const auto server = serve(echo, options);
  TestClient client(server->port());
  EXPECT_TRUE(client.closed());
}

TEST(HttpTls, StopAnswersWhatIsUnderWay) {
  const Certificate certificate("stop");
  HeldRequests held;
  const auto server = serve(held.handler(), with(certificate));
  TestClient silent(server->port());
  auto answer =
      std::async(std::launch::async, [&] { return TlsClient(server->port(), certificate).ask(get("/")).body(); });
  const auto [request, respond] = held.next();
  auto stopped = std::async(std::launch::async,
                            [&] { return server->stop(MonotonicTime::clock::now() + std::chrono::minutes(5)); });
  EXPECT_TRUE(silent.closed());
  respond({200, "text/plain", {}, "in time"});
  EXPECT_EQ(answer.get(), "in time");
  EXPECT_TRUE(stopped.get());
}

TEST(HttpTls, FilesThatDoNotServeAreNamed) {
  const Certificate certificate("named");
  const Certificate other("other");
  const std::string text = scratch("text");
  std::ofstream(text) << "no PEM";
  const std::string empty = scratch("empty");
  std::ofstream{empty};
  // Nobody ever writes to it.
  const std::string pipe = scratch("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), S_IRUSR | S_IWUSR), 0);
  struct Case {
    std::string cert, key, message;
  };
  const Case cases[] = {
      {certificate.cert, "", "give both --tls-cert and --tls-key"},
      {"", certificate.key, "give both --tls-cert and --tls-key"},
      {scratch("missing"), certificate.key, "cannot read --tls-cert '" + scratch("missing") + "': No such file"},
      {certificate.cert, scratch("missing"), "cannot read --tls-key '" + scratch("missing") + "': No such file"},
      {empty, certificate.key, "it is empty"},
      {testing::TempDir(), certificate.key, "it is no regular file"},
      {pipe, certificate.key, "cannot read --tls-cert '" + pipe + "': it is no regular file"},
      {certificate.cert, pipe, "cannot read --tls-key '" + pipe + "': it is no regular file"},
      {text, certificate.key, "--tls-cert '" + text + "' holds no certificate"},
      {certificate.cert, text, "--tls-key '" + text + "' holds no private key"},
      {certificate.cert, other.key, "is not that of the certificate"},
  };
  for (const Case& one : cases) {
    HttpServerOptions options;
    options.tls_cert = one.cert;
    options.tls_key = one.key;
    const auto server = HttpServer::start(options, echo);
    ASSERT_FALSE(server) << one.message;
    EXPECT_EQ(server.error().code, Code::kInvalidArgument);
    EXPECT_THAT(server.error().message, HasSubstr(one.message));
  }
  std::filesystem::remove(text);
  std::filesystem::remove(empty);
  std::filesystem::remove(pipe);
}

}  // namespace
}  // namespace mnemo
