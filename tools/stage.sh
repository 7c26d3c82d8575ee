#!/usr/bin/env bash
# One stage of ./do test, or one of its helpers: tools/stage.sh NAME [ARGUMENT...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
jobs=$(nproc)
wrapper=()
# Where large images would take minutes: emulated, instrumented or not vectorised.
stored_only=(-E 'SharedReferences|FamiliesAgree|EvalGolden')

# Every C++ and CUDA source of the project, one a line; without git, because a release has none.
list_sources() {
  { find src include apps examples tests tools fuzz bench -type f \( -name '*.h' -o -name '*.cc' -o -name '*.cu' -o -name '*.cuh' \) \
    2>/dev/null || true; } | LC_ALL=C sort
}

# clang-format or clang-tidy: version 14 by preference, because later ones judge differently.
clang_tool() { command -v "$1-14" || command -v "$1"; }

needs_version_14() {
  "$1" --version | grep -q 'version 14\.' && return
  echo "left out: $1 is $("$1" --version | grep -o 'version [0-9.]*'); this stage needs version 14"
  exit 0
}

# configure FOLDER CMAKE-OPTION...
if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_CUDA_COMPILER_LAUNCHER=ccache; fi
configure() { cmake -S . -B "$1" -G Ninja "${@:2}" >"$1.cmake.log" || { cat "$1.cmake.log"; exit 1; }; }

# run_tests FOLDER CTEST-OPTION...: with "$wrapper" in front, if any; prints what did not pass, and ctest's closing lines.
run_tests() {
  "${wrapper[@]}" ctest --test-dir "$1" -j "$jobs" --output-on-failure --no-tests=error "${@:2}" |
    sed -E '/^ +Start +[0-9]+:/d; / Passed +[0-9.]+ sec$/d'
}

# In a new folder CUDA code, where there is nvcc, is for two architectures alone: that shows whether it compiles.
# `./do build` asks for all.
release() {
  local cuda=()
  [ -f build/CMakeCache.txt ] || cuda=("-DSEGFORGE_CUDA_ARCHITECTURES=90a-real;75-virtual")
  configure build -DCMAKE_BUILD_TYPE=Release -DSEGFORGE_TESTS=ON "${cuda[@]}"
  cmake --build build -- --quiet
  run_tests build
}

# The tests that need an NVIDIA GPU, and say that they are skipped without one.
gpu() {
  configure build -DCMAKE_BUILD_TYPE=Release -DSEGFORGE_TESTS=ON -DSEGFORGE_CUDA=ON
  cmake --build build -- --quiet
  build/segforge doctor --threads 1 | grep -i '^cuda'
  run_tests build -L '^gpu$'
}

# The tests that run kernels, once with each vector instruction set of this processor.
targets() {
  local target names
  names=$(build/list_cpu_targets)
  for target in $names; do
    echo "-- SEGFORGE_CPU_TARGET=$target"
    SEGFORGE_CPU_TARGET=$target run_tests build -L "$kernel_tests" "${stored_only[@]}"
  done
}
kernel_tests='^(backend|engine|crossroom)_tests$'

# The tests that run graphs, with the graph as published: no pass may be needed for a right result. The large images
# are run so by the golden tests anyway.
passes() {
  SEGFORGE_DISABLE_PASSES=all run_tests build -L '^(engine|crossroom)_tests$' "${stored_only[@]}"
}

# What `cmake --install` leaves can be built against.
install() {
  CMAKE_GENERATOR=Ninja tests/install/check.sh build
}

format() {
  local tool
  tool=$(clang_tool clang-format)
  needs_version_14 "$tool"
  list_sources | xargs "$tool" --dry-run -Werror
  echo "$(list_sources | wc -l) files are formatted"
}

# Every file but the tests: their macros drown the rest. Units of several files include these.
tidy() {
  local tool
  tool=$(clang_tool clang-tidy)
  needs_version_14 "$tool"
  configure build-tidy -DCMAKE_BUILD_TYPE=Release -DSEGFORGE_TESTS=ON -DSEGFORGE_UNITY=ON -DSEGFORGE_CUDA_ARCHITECTURES=75-virtual
  cmake --build build-tidy --target segforge_onnx_schema -- --quiet
  sed -n "s|^ *\"file\": \"$PWD/\(.*\)\",*$|\1|p" build-tidy/compile_commands.json |
    grep -E '^(src|apps|tools)/.*\.cc$|/Unity/' | grep -v '_test\.cc$' | LC_ALL=C sort -u |
    xargs -P "$jobs" -n 1 "$tool" -p build-tidy --quiet --checks=-bugprone-suspicious-include --warnings-as-errors='*'
}

includes() {
  tools/check_includes_test.sh
  tools/check_includes.sh .
}

# Clang, so that the same objects serve the fuzz targets.
sanitizer_build() {
  configure build-asan -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O1 \
    -DSEGFORGE_SANITIZE=address,undefined -DSEGFORGE_FUZZ=ON -DSEGFORGE_CUDA=OFF -DSEGFORGE_UNITY=ON
  cmake --build build-asan -- --quiet
}

sanitizers() {
  sanitizer_build
  run_tests build-asan "${stored_only[@]}"
}

# Each fuzz target from its stored seeds, for SEGFORGE_FUZZ_SECONDS.
fuzz() {
  local binary name finds=build-asan/fuzz-finds
  mkdir -p "$finds"
  for binary in build-asan/*_fuzz; do
    name=$(basename "$binary")
    mkdir -p "build-asan/corpus/$name"
    echo "-- $name"
    "$binary" -max_total_time="${SEGFORGE_FUZZ_SECONDS:-10}" -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="$finds/$name-" "build-asan/corpus/$name" "fuzz/seeds/${name%_fuzz}" 2>"$finds/$name.log" ||
      { tail -n 60 "$finds/$name.log"; exit 1; }
    grep -E '^Done' "$finds/$name.log"
  done
}

# Only what starts threads; everything else would repeat the sanitizers' stage.
threads() {
  # ThreadSanitizer maps memory at fixed places, which an address layout too random may have taken.
  wrapper=(setarch "$(uname -m)" -R)
  "${wrapper[@]}" true 2>/dev/null || wrapper=()
  local programs
  configure build-tsan -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O1 \
    -DSEGFORGE_SANITIZE=thread -DSEGFORGE_CUDA=OFF -DSEGFORGE_UNITY=ON
  mapfile -t programs < <(ninja -C build-tsan -t targets all | grep -oE "$threaded_tests:" | tr -d :)
  "${wrapper[@]}" cmake --build build-tsan --target "${programs[@]}" -- --quiet
  TSAN_OPTIONS="suppressions=$PWD/tools/thread_sanitizer.txt ${TSAN_OPTIONS:-}" \
    run_tests build-tsan -L "$threaded_tests" "${stored_only[@]}"
}
threaded_tests='^(base|backend|engine|api|crossroom)_tests'

arm64() {
  configure build-arm64 -DCMAKE_BUILD_TYPE=Release -DSEGFORGE_CUDA=OFF \
    --toolchain cmake/aarch64-toolchain.cmake
  cmake --build build-arm64 -- --quiet
  run_tests build-arm64 -L "$kernel_tests" "${stored_only[@]}"
}

"$@"
