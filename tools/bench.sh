#!/usr/bin/env bash
# Builds and runs the benchmarks: tools/bench.sh [kernels | peers [OPTION...]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p out/bench

kernels() {
  local binary
  for binary in build-bench/*_bench; do
    [ "$(basename "$binary")" = engine_bench ] && continue
    "$binary" --benchmark_out="out/bench/$(basename "$binary").json" --benchmark_out_format=json "$@"
  done
}

# The peers come from the Python registry into .venv; nothing else needs Python.
peers() {
  [ -x .venv/bin/python ] || python3 -m venv .venv
  cmp -s bench/requirements.txt .venv/requirements.txt || {
    .venv/bin/python -m pip install -q -r bench/requirements.txt
    cp bench/requirements.txt .venv/requirements.txt
  }
  .venv/bin/python bench/peers "$@"
}

cmake -S . -B build-bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DSEGFORGE_TESTS=OFF -DSEGFORGE_BENCH=ON
cmake --build build-bench
case ${1:-all} in
  all) kernels; peers ;;
  kernels | peers) "$@" ;;
  *) echo "do: bench: unknown part '$1'; there are kernels and peers" >&2; exit 2 ;;
esac
