"""A real Apache Kafka broker of one node for a test: it listens on loopback and ends with whoever started it.

    with Broker() as broker:
        broker.address          # 127.0.0.1:PORT
        broker.kill(); broker.start()      # the same address and data
        broker.pause(); broker.resume()

As a program it runs a command beside a broker, whose address and process id the command finds in MNEMO_TEST_KAFKA and
MNEMO_TEST_KAFKA_PID:

    python3 broker.py -- build/release/tests/kafka/kafka_log_test
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_WITHIN_S = 60
# One node is its own controller; nothing is replicated, and nothing expires while a test looks.
PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://{advertised}
controller.listener.names=CONTROLLER
log.dirs={data}
num.partitions=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
log.retention.check.interval.ms=1000
file.delete.delay.ms=1000
"""
LOG4J = """<Configuration><Appenders><Console name="out" target="SYSTEM_OUT"><PatternLayout pattern="%d %p %m (%c)%n"/>
</Console></Appenders><Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>
"""


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_with_parent():
    ctypes.CDLL("libc.so.6").prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Broker:
    def __init__(self, port=None, advertised=None, properties=""):
        """`advertised`: the HOST:PORT that clients are told, such as a proxy's."""
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mnemo-kafka-"))
        found = sorted((ROOT / ".deps").glob("kafka-*/libs"))
        if not found:
            raise RuntimeError("there is no Kafka broker below .deps: run scripts/kafka")
        self.libs = found[-1]
        self.process = None
        (self.directory / "log4j2.xml").write_text(LOG4J)
        self.config = self.directory / "server.properties"
        self.config.write_text(PROPERTIES.format(controller=free_port(), port=self.port, data=self.directory / "data",
                                                 advertised=advertised or self.address) + properties)
        self.tool("kafka.tools.StorageTool", "format", "-t", "bW5lbW8tdGVzdC1rYWZrYQ", "-c", str(self.config))

    def java(self, *args):
        return ["java", "-Xmx512m", "-Xshare:auto", "-XX:TieredStopAtLevel=1",
                f"-Dlog4j2.configurationFile={self.directory}/log4j2.xml", "-cp", f"{self.libs}/*", *args]

    def tool(self, name, *args):
        """Runs one of Kafka's command-line tools and gives its output."""
        done = subprocess.run(self.java(name, *args), capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{name} {' '.join(args)}: {done.stdout}{done.stderr}")
        return done.stdout

    def topics(self, *args):
        return self.tool("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.address, *args)

    def start(self):
        output = (self.directory / "broker.log").open("ab")
        self.process = subprocess.Popen(self.java("kafka.Kafka", str(self.config)), stdout=output, stderr=output,
                                        stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent)
        output.close()
        deadline = time.monotonic() + START_WITHIN_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the broker does not start; {self.directory}/broker.log")
            time.sleep(0.1)
        return self

    def answers(self):
        """Whether it takes connections: it does once it has recovered its log."""
        with contextlib.closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *rest):
        if self.process.poll() is None:
            self.kill()
        # What a failed test leaves is worth a look.
        if kind is None:
            shutil.rmtree(self.directory, ignore_errors=True)
        else:
            print(f"the broker's files stay in {self.directory}", file=sys.stderr)


def main():
    command = sys.argv[sys.argv.index("--") + 1:]
    with Broker() as broker:
        environment = dict(os.environ, MNEMO_TEST_KAFKA=broker.address, MNEMO_TEST_KAFKA_PID=str(broker.process.pid))
        status = subprocess.run(command, env=environment).returncode
    sys.exit(status)


if __name__ == "__main__":
    main()
