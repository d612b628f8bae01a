#include "server/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "consumers/operations.h"
#include "events/clock.h"
#include "events/envelope.h"
#include "events/tell_aside.h"
#include "server/json/filter.h"

namespace mnemo {
namespace {

constexpr std::chrono::milliseconds kClockBehindMax = std::chrono::minutes(5);
constexpr auto kCatchUpMax = std::chrono::hours(24);
constexpr uint64_t kMemoryMin = uint64_t{16} << 20;
constexpr uint64_t kMemoryMax = uint64_t{1} << 40;
constexpr uint32_t kBatchMax = 100000;
constexpr const char* kPathType = "PATH";

CLI::Validator not_empty() {
  return {[](const std::string& value) {
            return value.empty() ? std::string("the value is empty: give one, or leave the option out") : std::string();
          },
          ""};
}

// Without the text that CLI11 adds to the help of such an option: the option's own says it better.
CLI::Validator number_from(uint64_t least, uint64_t most) {
  return {[least, most](const std::string& text) {
            uint64_t number = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            const bool whole = error == std::errc() && end == text.data() + text.size();
            if (whole && number >= least && number <= most) return std::string();
            return fmt::format("'{}' is no whole number from {} to {}", text, least, most);
          },
          ""};
}

// Empty: nothing says where.
std::string default_data_dir() {
  const char* data_home = std::getenv("XDG_DATA_HOME");
  if (data_home != nullptr && *data_home != '\0') return std::string(data_home) + "/mnemo";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? std::string(home) + "/.local/share/mnemo" : std::string();
}

// Digits and a unit: without the zeros before them, which would make the number an octal one.
CLI::Validator decimal_size() {
  return {[](std::string& size) {
            constexpr std::string_view kDigits = "0123456789";
            const size_t unit = std::min(size.find_first_not_of(kDigits), size.size());
            if (unit == 0 || size.find_first_of(kDigits, unit) != std::string::npos) {
              return fmt::format("'{}' is no size such as 512MiB", size);
            }
            size.erase(0, std::min(size.find_first_not_of('0'), unit - 1));
            return std::string();
          },
          ""};
}

// Of the bytes that the size came to.
CLI::Validator memory_size() {
  return {[](const std::string& bytes) {
            const bool good = number_from(kMemoryMin, kMemoryMax)(bytes).empty();
            return good ? std::string() : fmt::format("{} bytes are not from 16MiB to 1TiB", bytes);
          },
          ""};
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(const CommonOptions& options, Access access) {
  std::unique_ptr<Session> session(new Session(access));
  DataDirOptions dir_options;
  if (options.partitions != 0) dir_options.partitions = options.partitions;
  dir_options.create = access == Access::kWrite;
  dir_options.log_may_fail = access == Access::kRead;
  MNEMO_ASSIGN(session->dir_, DataDir::open(options.data, dir_options, session->clock_));
  const bool logged = !session->dir_->log_error().has_value();
  MNEMO_TRY(logged ? session->open_node(options, access) : session->open_stores(options));
  return session;
}

// Reads append nothing: with this machine's clock wrong, a tick would make memories expire for good.
Status Session::open_node(const CommonOptions& options, Access access) {
  print_warnings(*dir_);
  const uint32_t made_with = dir_->log().identity().partitions;
  if (options.partitions != 0 && options.partitions != made_with) {
    return fail(
        Code::kFailedPrecondition,
        fmt::format("{} was made with {} partitions, which is fixed, and --partitions (or MNEMO_PARTITIONS) says "
                    "{}: leave it out, or `mnemo log copy --partitions {}` into another directory",
                    options.data, made_with, options.partitions, options.partitions));
  }
  for (uint32_t p = 0; p < dir_->log().identity().partitions; ++p) {
    MNEMO_ASSIGN(const uint64_t end, dir_->log().end(PartitionId(p)));
    ends_.push_back(end);
  }
  NodeOptions node_options;
  node_options.memory_bytes = options.memory_bytes;
  node_options.batch.records = options.batch;
  node_options.ticks = access != Access::kRead;
  node_options.emitted = dir_->emitted_file();
  MNEMO_ASSIGN(node_, Node::open(dir_->log(), dir_->key(), clock_, dir_->state_dir(), node_options));
  warn_of_slow_clock();
  if (access != Access::kRead) resume_operations();
  return {};
}

// What a process before this one left undone. Whoever came for something else is not kept from it.
void Session::resume_operations() {
  OperationRunner runner(*node_);
  const Result<bool> running = runner.policy_running();
  const Status resumed = running && *running ? runner.resume(soon()) : Status();
  if (resumed) return;
  tell_aside(
      fmt::format("mnemo: warning: an operation that was cut off could not go on: {}; `mnemo journal` shows it\n",
                  resumed.error().message));
}

// Event time never goes back: what a clock that ran ahead has written makes memories expire early until then.
void Session::warn_of_slow_clock() {
  const TimestampMs now_ms = clock_.now_ms();
  for (uint32_t p = 0; p < node_->partitions(); ++p) {
    const TimestampMs event_time_ms = node_->projection(PartitionId(p)).applied().event_time_ms;
    if (event_time_ms <= now_ms + kClockBehindMax.count()) continue;
    tell_aside(fmt::format(
        "mnemo: warning: this machine's clock says {}, but partition {} has events of {}: until that time memories "
        "expire by the latter. Is the clock right?\n",
        to_rfc3339(now_ms), p, to_rfc3339(event_time_ms)));
  }
}

// As many partitions as the projections have: a node opens all of them before it applies anything.
Status Session::open_stores(const CommonOptions& options) {
  resources_ = std::make_unique<StoreResources>(options.memory_bytes);
  std::error_code error;
  for (uint32_t p = 0; p < limits::kPartitionsMax; ++p) {
    StoreOptions store;
    store.dir = dir_->state_dir() / fmt::format("p{}", p);
    store.partition = PartitionId(p);
    store.resources = resources_.get();
    store.read_only = true;
    if (!std::filesystem::exists(store.dir / "CURRENT", error)) break;
    MNEMO_ASSIGN(stores_.emplace_back(), Store::open(store));
  }
  for (const auto& store : stores_) {
    const auto view = store->view();
    if (!view || (*view)->meta().next_offset > 0) return {};  // what is damaged is told by those who read it
  }
  return fail(*dir_->log_error());
}

Session::~Session() {
  const Status closed = close();
  if (!closed) tell_aside(fmt::format("mnemo: while closing: {}\n", closed.error().message));
}

uint32_t Session::partitions() const { return node_ ? node_->partitions() : static_cast<uint32_t>(stores_.size()); }

PartitionId Session::partition_for(const std::string& name_space, const std::string& agent_id) const {
  return partition_of(message_key(name_space, agent_id), partitions());
}

Status Session::catch_up(PartitionId partition) {
  if (!node_) return fail(*dir_->log_error());
  return node_->projection(partition).wait(ends_[partition.value], std::chrono::steady_clock::now() + kCatchUpMax);
}

std::optional<Error> Session::behind(PartitionId partition) const {
  return node_ ? node_->halted(partition) : dir_->log_error();
}

Result<std::unique_ptr<View>> Session::view(PartitionId partition) {
  const Status caught_up = catch_up(partition);
  const std::optional<Error> why = behind(partition);
  if (!caught_up && !why) return fail(caught_up.error());
  MNEMO_ASSIGN(auto view, node_ ? node_->view(partition) : stores_[partition.value]->view());
  const bool first = warned_.empty();
  const bool tell = why && warned_.insert(partition).second;
  if (tell && !node_) {  // one cause for all partitions: told once
    if (first) {
      tell_aside(
          fmt::format("mnemo: warning: the log cannot be opened, so every partition stands still, and answers with "
                      "what it had applied and brought to disk: {}\n",
                      why->message));
    }
  } else if (tell) {
    const Meta& meta = view->meta();
    tell_aside(fmt::format("mnemo: warning: partition {} stands still at {}, and answers with what came before: {}\n",
                           partition.value, to_string(Position{partition, meta.epoch, meta.next_offset}),
                           why->message));
  }
  return view;
}

Result<std::unique_ptr<View>> Session::view(const std::string& name_space, const std::string& agent_id) {
  MNEMO_ASSIGN(auto found, view(partition_for(name_space, agent_id)));
  if (!node_ && found->meta().next_offset == 0) return fail(*dir_->log_error());
  return found;
}

// Projections of another version go when all of the current ones have caught up.
Status Session::drop_old_states() {
  for (uint32_t p = 0; p < partitions(); ++p) {
    const bool caught_up = node_->projection(PartitionId(p)).applied().next_offset >= ends_[p];
    if (!caught_up) return {};
  }
  return dir_->drop_old_states();
}

Status Session::close() {
  if (!node_ || std::exchange(closed_, true)) return {};
  Status result = drop_old_states();
  if (const Status closed = node_->close(); !closed) result = closed;
  // Whatever the node came to: the log ends its appends while what they tell is still there.
  if (const Status closed = dir_->log().close(); !closed) result = closed;
  return result;
}

void mark_behind(Json& json, const Session& session, PartitionId partition) {
  if (const auto why = session.behind(partition)) {
    json["halted"] = {{"code", code_name(why->code)}, {"message", why->message}};
  }
}

namespace {

void add_server_options(CLI::App* command, CommonOptions& own) {
  const std::vector<CLI::Option*> options = {
      add_text(command, "--server", own.server, "server to ask, where no --data is given")
          ->envname("MNEMO_SERVER")
          ->capture_default_str(),
      add_text(command, "--api-key", own.api_key,
               "key for the server; better in MNEMO_API_KEY, which no listing of "
               "processes shows")
          ->envname("MNEMO_API_KEY"),
      add_path(command, "--ca-cert", own.ca_cert, "PEM file of who vouches for an https server; else the system's")
          ->envname("MNEMO_CA_CERT")};
  for (CLI::Option* option : options) option->group("Options of every command that a server answers");
}

Command refusing(std::string message) {
  return [message = std::move(message)] { return Result<int>(fail(Code::kInvalidArgument, message)); };
}

}  // namespace

CLI::App* Cli::add(CLI::App& parent, const std::string& name, const std::string& about, Command run, Reach reach) {
  CLI::App* command = parent.add_subcommand(name, about);
  // Of this command alone: the environment fills the options of every command, and must not reach the chosen one's
  // by way of another's.
  auto own = std::make_shared<CommonOptions>();
  own->data = default_data_dir();
  CLI::AsSizeValue size(false);
  size.description("");
  CLI::Option* const data =
      add_path(command, "--data", own->data,
               reach == Reach::kServerToo ? "directory to work on, which no server holds; without it a server is asked"
                                          : "data directory")
          ->envname("MNEMO_DATA");
  if (reach == Reach::kDirectory) data->capture_default_str();
  const std::vector<CLI::Option*> options = {
      data,
      command->add_option("--memory", own->memory_bytes, "memory budget, 16MiB to 1TiB; 512MiB when not given")
          ->envname("MNEMO_MEMORY")
          ->transform(size)
          ->transform(decimal_size())  // which comes before the other
          ->check(memory_size())
          ->type_name("SIZE"),
      add_number(command, "--partitions", own->partitions, 1, limits::kPartitionsMax,
                 "partitions of a log that is made now, 1 to 1024; 8 when not given")
          ->envname("MNEMO_PARTITIONS"),
      add_number(command, "--batch", own->batch, 1, kBatchMax,
                 "records applied in one batch at most, 1 to 100000; 5000 when not given"),
      command->add_flag("--json", own->json, "print results and errors as JSON"),
      add_text(command, "--config", own->config, kConfigAbout)->envname("MNEMO_CONFIG")->type_name("FILE")};
  for (CLI::Option* option : options) option->group("Options of every command");
  if (reach == Reach::kServerToo) add_server_options(command, *own);
  command->callback([this, command, own, reach, run = std::move(run)] {
    common = *own;
    common.json = common.json || json_before;
    const bool has_data = command->get_option_no_throw("--data") != nullptr;
    const int by_data = strength(*command, "--data");
    const int by_server = reach == Reach::kServerToo ? strength(*command, "--server") : 0;
    common.on_server = reach == Reach::kServerToo && (by_server > by_data || by_data == 0);
    const char* const server = std::getenv("MNEMO_SERVER");
    const bool another_asks = server_in_file || (server != nullptr && *server != '\0');
    const bool elsewhere = reach == Reach::kDirectory && has_data && another_asks && command->get_name() != "serve";
    if (common.data.empty() && has_data && !common.on_server) {
      chosen = refusing(
          "nothing says where the data directory is: give --data DIR, or set MNEMO_DATA, XDG_DATA_HOME or HOME");
    } else if (by_data == by_server && by_data > 0) {
      chosen = refusing("--data and --server (or MNEMO_DATA and MNEMO_SERVER) exclude each other: give one of them");
    } else if (elsewhere && by_data == 0) {
      // The command would look at the default directory while others of the same shell ask a server.
      chosen = refusing(
          fmt::format("MNEMO_SERVER, or the config file, names a server, and `{}` works on a directory: name it with "
                      "--data DIR",
                      command->get_name()));
    } else {
      chosen = run;
    }
  });
  return command;
}

int Cli::strength(const CLI::App& command, const std::string& option) const {
  const CLI::Option* const found = command.get_option_no_throw(option);
  if (found == nullptr || found->count() == 0) return 0;
  if (typed(option)) return 3;
  const char* const value = std::getenv(found->get_envname().c_str());
  return value != nullptr && *value != '\0' ? 2 : 1;
}

bool Cli::typed(std::string_view option) const {
  return std::ranges::any_of(arguments, [option](std::string_view argument) {
    return argument == option || (argument.starts_with(option) && argument.substr(option.size()).starts_with('='));
  });
}

void leave_out(CLI::App* command, std::initializer_list<const char*> options) {
  for (const char* name : options) MNEMO_CHECK(command->remove_option(command->get_option(name)));
}

CLI::Option* add_text(CLI::App* command, const std::string& name, std::string& value, const std::string& about) {
  return command->add_option(name, value, about)->check(not_empty());
}

CLI::Option* add_path(CLI::App* command, const std::string& name, std::string& value, const std::string& about) {
  return add_text(command, name, value, about)->type_name(kPathType);
}

bool takes_path(const CLI::Option& option) { return option.get_type_name() == kPathType; }

CLI::Option* add_texts(CLI::App* command, const std::string& name, std::vector<std::string>& values,
                       const std::string& about) {
  return command->add_option(name, values, about)->allow_extra_args(false)->check(not_empty());
}

// By way of the text: CLI11 takes a number that begins with 0 for an octal one.
CLI::Option* add_number(CLI::App* command, const std::string& name, uint32_t& value, uint32_t least, uint32_t most,
                        const std::string& about) {
  return command
      ->add_option_function<std::string>(
          name, [&value](const std::string& text) { std::from_chars(text.data(), text.data() + text.size(), value); },
          about)
      ->default_function([&value] { return std::to_string(value); })
      ->check(number_from(least, most))
      ->type_name("NUMBER");
}

CLI::Validator one_of(const std::vector<std::string>& values) {
  return {[values](const std::string& value) {
            if (std::ranges::find(values, value) != values.end()) return std::string();
            return fmt::format("'{}' is none of {}", value, fmt::join(values, ", "));
          },
          fmt::format("{{{}}}", fmt::join(values, ","))};
}

void add_scope(CLI::App* command, ScopeOptions& scope) {
  add_text(command, "--namespace", scope.name_space, "to whom the agent belongs")
      ->envname("MNEMO_NAMESPACE")
      ->capture_default_str();
  add_text(command, "--agent", scope.agent_id, "whose memories")->envname("MNEMO_AGENT")->required();
}

Result<Json> json_of_option(std::string_view option, const std::string& text) {
  Result<Json> json = parse_json(text);
  if (json) return json;
  return fail(json.error().code, fmt::format("{}: {}", option, json.error().message));
}

Result<v1::Filter> filter_of_option(std::string_view option, const Json& json) {
  Result<v1::Filter> filter = filter_from_json(json);
  if (filter) return filter;
  return fail(filter.error().code, fmt::format("{}: {}", option, filter.error().message));
}

Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

void print_warnings(DataDir& dir) {
  for (const std::string& warning : dir.log().warnings()) tell_aside(fmt::format("mnemo: warning: {}\n", warning));
}

void print_json(const Json& json, int indent) {
  fmt::print("{}\n", escape_controls(json.dump(indent, ' ', false, Json::error_handler_t::replace)));
}

std::string memories(uint64_t count) { return fmt::format("{} {}", count, count == 1 ? "memory" : "memories"); }

}  // namespace mnemo
