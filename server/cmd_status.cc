// status.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <thread>

#include "events/hash.h"
#include "server/answerer.h"

namespace mnemo {
namespace {

constexpr auto kSettleMax = std::chrono::minutes(10);
constexpr auto kSettleLook = std::chrono::milliseconds(100);

using Digests = v1::GetDigestsResponse::Partition;
using Live = v1::GetStatusResponse::Partition;

Result<Digest> digest_from(const std::string& hex) {
  constexpr size_t kHalf = 16;
  Digest digest;
  const char* const middle = hex.data() + std::min(kHalf, hex.size());
  const char* const end = hex.data() + hex.size();
  const bool good = hex.size() == 2 * kHalf && std::from_chars(hex.data(), middle, digest.high, 16).ptr == middle &&
                    std::from_chars(middle, end, digest.low, 16).ptr == end;
  if (good) return digest;
  return fail(Code::kInternal, fmt::format("'{}' is no digest", hex));
}

Json counters_json(const Live& p) {
  const v1::GetStatusResponse::Counters& c = p.counters();
  // By name: a map has no order.
  const std::map<std::string, uint64_t> skipped(c.skipped().begin(), c.skipped().end());
  return {{"memories", p.memories()},     {"applied", c.applied()},     {"rejected", c.rejected()},
          {"duplicates", c.duplicates()}, {"conflicts", c.conflicts()}, {"control", c.control()},
          {"forgotten", c.forgotten()},   {"expired", c.expired()},     {"skipped", skipped}};
}

// What the digests say, and what is known of the partition beside them; the latter only where its log is in reach.
Json partition_json(const Live& p, const Digests& d) {
  Json json = {{"partition", d.partition()}, {"position", d.position()},    {"seq", d.seq()},
               {"state", d.state()},         {"content", d.content()},      {"settled", d.settled()},
               {"pending", p.pending()},     {"counters", counters_json(p)}};
  if (!p.halted().empty()) json["halted"] = {{"code", p.halted_code()}, {"message", p.halted()}};
  if (p.log_end().empty()) return json;
  json["durable"] = p.durable();
  if (const auto end = parse_position(p.log_end())) json["log_end"] = end->offset;
  json["disk_bytes"] = p.disk_bytes();
  json["rerouted"] = p.rerouted();
  return json;
}

Result<Json> status_json(const v1::GetStatusResponse& status, const v1::GetDigestsResponse& digests) {
  if (status.partitions_size() != digests.partitions_size()) {
    return fail(Code::kInternal, "status and digests are of other numbers of partitions");
  }
  Json partitions = Json::array();
  Digest content;
  uint64_t memories = 0;
  uint32_t epoch = 0;
  bool settled = true;
  bool halted = false;
  for (int p = 0; p < digests.partitions_size(); ++p) {
    const Live& live = status.partitions(p);
    const Digests& of = digests.partitions(p);
    MNEMO_ASSIGN(const Digest own, digest_from(of.content()));
    MNEMO_ASSIGN(const Position position, parse_position(of.position()));
    content += own;
    epoch = position.epoch;
    memories += live.memories();
    settled = settled && of.settled();
    halted = halted || !live.halted().empty();
    partitions.push_back(partition_json(live, of));
  }
  return Json{{"log_id", status.log_id()}, {"epoch", epoch},   {"memories", memories},    {"content", to_hex(content)},
              {"settled", settled},        {"halted", halted}, {"partitions", partitions}};
}

void print_partition(const Json& p) {
  const std::string end = p.contains("log_end") ? std::to_string(p["log_end"].get<uint64_t>()) : "?";
  fmt::print("{:>4} {:>12} {:>12} {:>10} {:>10}  {}  {}\n", p["partition"].get<uint32_t>(),
             p["position"].get<std::string>(), end, p["seq"].get<uint64_t>(), p["counters"]["memories"].get<uint64_t>(),
             p["state"].get<std::string>(),
             p.contains("halted")       ? "HALTED"
             : p["settled"].get<bool>() ? "settled"
                                        : "working");
}

void print_status(const Json& json) {
  fmt::print("log {}, epoch {}, {} memories, content {}{}\n\n", json["log_id"].get<std::string>(),
             json["epoch"].get<uint32_t>(), json["memories"].get<uint64_t>(), json["content"].get<std::string>(),
             json["settled"].get<bool>() ? "" : " (work pending)");
  fmt::print("{:>4} {:>12} {:>12} {:>10} {:>10}  {:<32}\n", "part", "position", "log end", "seq", "memories", "state");
  for (const Json& p : json["partitions"]) print_partition(p);
}

// Waits until no partition has work pending: what digests of different logs are compared at.
Status settle(Session& session, Deadline deadline) {
  for (uint32_t p = 0; p < session.partitions(); ++p) {
    MNEMO_TRY(session.catch_up(PartitionId(p)));
    MNEMO_TRY(session.node().projection(PartitionId(p)).wait_settled(deadline));
  }
  return {};
}

Status settle(Answerer& answerer) {
  const Deadline deadline = std::chrono::steady_clock::now() + kSettleMax;
  if (answerer.session() != nullptr) return settle(*answerer.session(), deadline);
  while (true) {
    MNEMO_ASSIGN(const auto digests, answerer.ask(&Service::digests));
    if (std::ranges::all_of(digests.partitions(), [](const Digests& d) { return d.settled(); })) return {};
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(Code::kDeadlineExceeded, "the server still has work pending: ask again", true);
    }
    std::this_thread::sleep_for(kSettleLook);
  }
}

Result<int> run_status(const CommonOptions& common, bool settled_first) {
  MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, settled_first ? Access::kKnown : Access::kRead));
  if (settled_first) MNEMO_TRY(settle(answerer));
  MNEMO_ASSIGN(const auto status, answerer.ask(&Service::status));
  MNEMO_ASSIGN(const auto digests, answerer.ask(&Service::digests));
  MNEMO_ASSIGN(Json json, status_json(status, digests));
  if (Session* const session = answerer.session(); session != nullptr && session->dir().log_error()) {
    const Error& why = *session->dir().log_error();
    json["log_error"] = {{"code", code_name(why.code)}, {"message", why.message}};
  }
  MNEMO_TRY(answerer.close());
  if (common.json) {
    print_json(json);
  } else {
    print_status(json);
  }
  return json["halted"].get<bool>() ? kExitNegative : kExitDone;
}

}  // namespace

void add_status_command(Cli& cli) {
  auto settled = std::make_shared<bool>(false);
  CLI::App* status = cli.add(
      cli.app, "status", "Positions, counts and digests", [&cli, settled] { return run_status(cli.common, *settled); },
      Reach::kServerToo);
  status->add_flag("--settle", *settled,
                   "wait until no work is pending, so that digests can be compared with another log's");
}

}  // namespace mnemo
