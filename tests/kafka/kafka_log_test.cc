// The contract of the log on a real broker, which tests/kafka/broker.py starts.
#include <atomic>
#include <stdexcept>

#include "events/log_kafka.h"
#include "tests/kafka/kafka_testing.h"
#include "tests/log/log_contract.h"
#include "tests/log/log_testing.h"

namespace mnemo {
namespace {

class KafkaUnderTest final : public LogUnderTest {
 public:
  explicit KafkaUnderTest(const LogSetup& setup) {
    options_ = kafka_test_options();
    options_.queue_records_max = setup.queue_records_max;
    options_.may_send = [held = held_] { return !*held; };
    make_topic(options_, setup.partitions);
    open();
  }
  ~KafkaUnderTest() override {
    release();  // a test may have ended early
    log_.reset();
    delete_topic(options_);
  }

  Log& log() override { return *log_; }
  void reopen() override {
    log_.reset();
    open();
  }
  void hold() override { *held_ = true; }
  void release() override { *held_ = false; }

 private:
  void open() {
    auto log = KafkaLog::open(options_);
    if (!log) throw std::runtime_error(log.error().message);
    log_ = std::move(*log);
  }
  const std::shared_ptr<std::atomic<bool>> held_ = std::make_shared<std::atomic<bool>>(false);
  KafkaOptions options_;
  std::unique_ptr<KafkaLog> log_;
};

std::string name_of(const testing::TestParamInfo<LogFactory>& of) { return of.param.name; }

INSTANTIATE_TEST_SUITE_P(, LogContract,
                         testing::Values(LogFactory{
                             "Kafka", [](const LogSetup& setup) { return std::make_unique<KafkaUnderTest>(setup); }}),
                         name_of);
// The clock is the broker's.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LogClockContract);

}  // namespace
}  // namespace mnemo
