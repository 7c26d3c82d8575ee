"""Runs engines in turns, each in its own process, and gathers what they report."""

import json
import statistics
import subprocess
import time
from pathlib import Path


class Worker:
    """A process that speaks the protocol of bench/engine_bench.cc."""

    def __init__(self, name, command):
        self.name = name
        start = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = self._read()
        self.ready["start_to_first_ms"] = (time.perf_counter() - start) * 1e3

    def ask(self, command, argument):
        self.process.stdin.write(f"{command} {argument}\n")
        self.process.stdin.flush()
        return self._read()

    def peak_rss_bytes(self):
        # Not getrusage: its maximum counts the parent's memory from before exec.
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no VmHWM in /proc")

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)

    def _read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} stopped with exit code {self.process.wait()}")
        return json.loads(line)


def take_turns(workers, kind, rounds, runs, pause_s):
    """Times of each worker in ms: in every round each runs `runs` times, so that noise hits all alike."""
    times = {worker.name: [] for worker in workers}
    for _ in range(rounds):
        for worker in workers:
            time.sleep(pause_s)  # the threads of the one before stop spinning
            worker.ask(kind, 1)  # and this one's caches fill again
            times[worker.name] += worker.ask(kind, runs)["times_ms"]
    return times


def measure_case(commands, size, threads, options, scratch):
    """One row per engine for one size and thread count. commands: engine name -> command line."""
    workers = [Worker(name, command) for name, command in commands.items()]
    try:
        engine = take_turns(workers, "engine", options.rounds, options.runs, options.pause)
        labels = take_turns(workers, "labels", options.rounds, options.runs, options.pause)
        rows = []
        for worker in workers:
            worker.ask("save", scratch / f"{worker.name}.labels")
            rows.append({
                "engine": worker.name, "size": size, "threads": threads,
                "median_ms": statistics.median(engine[worker.name]), "min_ms": min(engine[worker.name]),
                "labels_median_ms": statistics.median(labels[worker.name]),
                "labels_min_ms": min(labels[worker.name]),
                "peak_rss_bytes": worker.peak_rss_bytes(),
                **worker.ready, "times_ms": engine[worker.name], "labels_times_ms": labels[worker.name],
            })
        return rows
    finally:
        for worker in workers:
            worker.close()
