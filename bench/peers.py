#!/usr/bin/env python3
"""mnemo beside its peers: the same texts, in one run, taking turns, several rounds. Prints JSON lines: what was measured
on, each round, and the ratio of the medians with the bar it is held against.

usage: scripts/bench-peers [--only NAME...] [--rounds 5] [--seconds 8] [--dir DIR]

  single    one memory a request, 64 clients: gRPC beside INSERTs of PostgreSQL
  batch     200 memories a request, 4 clients: gRPC and HTTP beside INSERTs of 200 rows, and beside a replay
  retrieve  questions over HTTP by one client beside the engine alone (retrieve_bench)
  sqlite    batches of 200, single writes, and questions, by one client, beside FTS5

DIR must be on the file system that is meant. PostgreSQL runs with its defaults: fsync, synchronous_commit.
"""
import argparse
import contextlib
import getpass
import json
import os
import pathlib
import pwd
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/release"
MNEMO = BUILD / "server/mnemo"
POSTGRES_USER = "postgres"  # it refuses to run as root

# What a run is held against, in this project: mnemo's figure over the peer's, or a limit.
BAR_SINGLE = 0.4
BAR_BATCH_PEER = 2.0
BAR_BATCH_PER_SECOND = 75_000
BAR_BATCH_REPLAY = 0.35
BAR_RETRIEVE_OVER_ENGINE_US = 120
BAR_RETRIEVE_STEP_US = 40_000


def tell(**line):
    print(json.dumps(line), flush=True)


def output_of(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@contextlib.contextmanager
def mnemo_server(directory):
    """A server on a directory of its own: its addresses for HTTP and gRPC."""
    data = tempfile.mkdtemp(prefix="mnemo-", dir=directory)
    with open(os.path.join(directory, "mnemo.log"), "a", encoding="utf-8") as log:
        process = subprocess.Popen([MNEMO, "serve", "--data", data, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0",
                                    "--json"], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        told = json.loads(process.stdout.readline())
        yield told["http"], told["grpc"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        process.stdout.close()
        shutil.rmtree(data)


def as_postgres(*command):
    me_is_root = os.geteuid() == 0
    return (["runuser", "-u", POSTGRES_USER, "--"] if me_is_root else []) + list(map(str, command))


def postgres_binaries():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    if path := shutil.which("initdb"):
        return pathlib.Path(path).parent
    raise SystemExit("no PostgreSQL (apt-get install postgresql libpq-dev): leave single and batch out, or install it")


@contextlib.contextmanager
def postgres(directory):
    """A new cluster with its defaults, on a socket in its own directory: how to connect."""
    binaries = postgres_binaries()
    home = tempfile.mkdtemp(prefix="postgres-", dir=directory)
    user = POSTGRES_USER if os.geteuid() == 0 else getpass.getuser()
    os.chown(home, pwd.getpwnam(user).pw_uid, -1)
    data = os.path.join(home, "data")
    output_of(*as_postgres(binaries / "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8"), cwd=home)
    settings = f"-c listen_addresses= -c unix_socket_directories={home}"
    with open(os.path.join(directory, "postgres.log"), "a", encoding="utf-8") as log:
        subprocess.run(as_postgres(binaries / "pg_ctl", "-D", data, "-w", "-o", settings, "start"), check=True, cwd=home,
                       stdout=log, stderr=log)
    try:
        yield f"host={home} user={user} dbname=postgres"
    finally:
        subprocess.run(as_postgres(binaries / "pg_ctl", "-D", data, "-m", "fast", "stop"), check=True, cwd=home,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(home)


def figures(phase):
    """Of a phase with one kind of request."""
    operation, = phase["operations"]
    if operation["errors"] or phase["missed_starts"]:
        raise SystemExit(f"a load met errors: {phase}")
    return {"per_second": operation.get("acknowledged_per_second", operation["requests_per_second"]),
            **{name: operation["latency_us"][name] for name in ("p50", "p99", "p99_9", "max")}}


def bench(*options):
    report = json.loads(output_of(MNEMO, "bench", *options, "--json"))
    return figures(report["phases"][0])


def take_turns(what, contenders, rounds):
    """Runs each once to warm up, then all in each round, in another order every time; {name: [figures]}."""
    for run in contenders.values():
        run()
    names, taken = list(contenders), {name: [] for name in contenders}
    for number in range(rounds):
        load = os.getloadavg()[0]
        for name in names[number % len(names):] + names[:number % len(names)]:
            taken[name].append(contenders[name]())
        tell(bench=what, round=number + 1, load_average=round(load, 2),
             **{name: runs[-1] for name, runs in taken.items()})
    return taken


def median(runs, figure="per_second"):
    return statistics.median(run[figure] for run in runs)


def conclude(what, name, value, bar, above=True):
    tell(bench=what, result=name, value=round(value, 3), bar=bar, reached=value >= bar if above else value <= bar)


def postgres_load(connection, options, *more):
    phase, = json_lines(output_of(BUILD / "bench/postgres_load", "--connection", connection, "--seconds",
                                  options.seconds, *more))
    return figures(phase)


def single(options):
    with mnemo_server(options.dir) as (_, grpc), postgres(options.dir) as connection:
        load = ("--clients", 64, "--seconds", options.seconds)
        taken = take_turns("single", {
            "mnemo_grpc": lambda: bench("ingest", "--grpc", grpc, *load),
            "postgres": lambda: postgres_load(connection, options, "--clients", 64)}, options.rounds)
    conclude("single", "mnemo_grpc over postgres", median(taken["mnemo_grpc"]) / median(taken["postgres"]), BAR_SINGLE)


def replay(options):
    line, = json_lines(output_of(BUILD / "bench/replay_bench", cwd=options.dir))
    return {"per_second": line["applied_per_s"], "settled_per_second": line["settled_per_s"]}


def batch(options):
    with mnemo_server(options.dir) as (http, grpc), postgres(options.dir) as connection:
        load = ("--clients", 4, "--batch", 200, "--seconds", options.seconds)
        taken = take_turns("batch", {
            "mnemo_grpc": lambda: bench("ingest", "--grpc", grpc, *load),
            "postgres": lambda: postgres_load(connection, options, "--clients", 4, "--batch", 200),
            "mnemo_http": lambda: bench("ingest", "--server", http, *load),
            "replay": lambda: replay(options)}, options.rounds)
    bar = min(BAR_BATCH_PER_SECOND, BAR_BATCH_REPLAY * median(taken["replay"]))
    for door in ("mnemo_grpc", "mnemo_http"):
        conclude("batch", f"{door} over postgres", median(taken[door]) / median(taken["postgres"]), BAR_BATCH_PEER)
        conclude("batch", f"{door} memories a second", median(taken[door]), round(bar))


def retrieve(options):
    with mnemo_server(options.dir) as (http, grpc):
        load = ("--agents", options.agents, "--seed", 1)
        bench("ingest", "--grpc", grpc, "--memories", options.memories, "--batch", 200, "--clients", 4, "--seconds", 3600,
              *load)

        def engine():
            lines = json_lines(output_of(BUILD / "bench/retrieve_bench", "--dir", options.dir, "--agents", options.agents,
                                         "--documents", options.memories))
            computed = next(line for line in lines if line["what"] == "computed")
            return {"p50": computed["p50_us"], "p99": computed["p99_us"]}

        taken = take_turns("retrieve", {
            "mnemo_http": lambda: bench("retrieve", "--server", http, "--clients", 1, "--no-cache", "--seconds",
                                        options.seconds, *load),
            "mnemo_grpc": lambda: bench("retrieve", "--grpc", grpc, "--clients", 1, "--no-cache", "--seconds",
                                        options.seconds, *load),
            "engine": engine}, options.rounds)
    for door in ("mnemo_http", "mnemo_grpc"):
        conclude("retrieve", f"{door} p50 beyond the engine, us",
                 median(taken[door], "p50") - median(taken["engine"], "p50"), BAR_RETRIEVE_OVER_ENGINE_US, above=False)
        conclude("retrieve", f"{door} p99.9, us", median(taken[door], "p99_9"), BAR_RETRIEVE_STEP_US, above=False)


def sqlite(options):
    texts = os.path.join(options.dir, "texts.tsv")
    count, agents = 58_800, 100
    output_of(BUILD / "bench/replay_bench", "--events", count, "--agents", agents, "--texts", texts, cwd=options.dir)
    load = ("--agents", agents, "--seed", 42, "--clients", 1)  # the seed of those texts

    def mnemo():
        with mnemo_server(options.dir) as (http, _):
            batches = bench("ingest", "--server", http, "--memories", count, "--batch", 200, "--seconds", 3600, *load)
            asked = bench("retrieve", "--server", http, "--no-cache", "--seconds", options.seconds, *load)
            singles = bench("ingest", "--server", http, "--seconds", options.seconds, *load)
        return {"batches_of_200_per_second": batches["per_second"], "single_per_second": singles["per_second"],
                "p50": asked["p50"], "p99": asked["p99"]}

    def peer():
        line, = json_lines(output_of(sys.executable, ROOT / "bench/sqlite_fts.py", texts, "--dir", options.dir))
        return {**{name: line[name] for name in ("batches_of_200_per_second", "single_per_second")},
                "p50": line["retrieve"]["p50_us"], "p99": line["retrieve"]["p99_us"]}

    taken = take_turns("sqlite", {"mnemo_http": mnemo, "sqlite": peer}, options.rounds)
    for figure in ("batches_of_200_per_second", "single_per_second"):
        tell(bench="sqlite", result=f"mnemo over sqlite, {figure}",
             value=round(median(taken["mnemo_http"], figure) / median(taken["sqlite"], figure), 3))
    tell(bench="sqlite", result="sqlite over mnemo, p50 of a question",
         value=round(median(taken["sqlite"], "p50") / median(taken["mnemo_http"], "p50"), 1))


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return {"cpu": models[0] if models else "unknown", "cores": os.cpu_count(),
            "commit": commit.stdout.strip() or "unknown", "load_average": round(os.getloadavg()[0], 2)}


def main():
    benches = {"single": single, "batch": batch, "retrieve": retrieve, "sqlite": sqlite}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=benches, default=list(benches), metavar="NAME")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="of each load")
    parser.add_argument("--agents", type=int, default=1000, help="of retrieve")
    parser.add_argument("--memories", type=int, default=588_000, help="of retrieve")
    parser.add_argument("--dir", default=".", help="where scratch directories are made and removed")
    options = parser.parse_args()
    for binary in (MNEMO, BUILD / "bench/replay_bench"):
        if not binary.exists():
            raise SystemExit(f"{binary} is not there: run `make bench`, which builds it")
    with tempfile.TemporaryDirectory(prefix="bench-peers-", dir=os.path.abspath(options.dir)) as options.dir:
        os.chmod(options.dir, 0o755)  # another user's database lies in it
        tell(bench="peers", **machine())
        for name in options.only:
            benches[name](options)


if __name__ == "__main__":
    main()
