#!/usr/bin/env bash
# The one script: ./do help
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source tools/packages.sh

help() {
  cat <<'TEXT'
./do VERB [ARGUMENT...]

  demo             build, then segment the images of models/street-b0/demo into out/demo
  build            build/segforge, optimised
  test             every stage; `./do test quick` is the build and its tests alone,
                   `./do test STAGE...` chosen stages (`./do test list` names them),
                   `./do test --gpu` the tests that need an NVIDIA GPU
  bench            kernels, and the engine beside ONNX Runtime and OpenVINO; `./do bench kernels` or
                   `./do bench peers [OPTION...]` one of the two (`./do bench peers --help`)
  format           clang-format over every source
  lint             the checks of style: format, tidy, includes
  fuzz [SECONDS]   every fuzz target for so long (default 60); finds are left in build-asan/fuzz-finds
  arm64            cross-build for arm64 and run the kernel and golden tests under qemu (Debian)
  setup [VERB...]  install what these verbs need (default: build and test); the others do it themselves

NVIDIA GPUs are built for where nvcc 12 or 13 is found: on the PATH, in $CUDA_PATH/bin or in /usr/local/cuda/bin.
Packages are installed with apt, as root or through sudo; where neither works, the line to run is printed.
TEXT
}

setup() {
  local verb verbs=("$@")
  [ $# -gt 0 ] || verbs=(build test)
  for verb in "${verbs[@]}"; do
    case $verb in
      build | demo) require_packages "${build_packages[@]}" ;;
      test | lint | format | fuzz) require_packages "${build_packages[@]}" "${test_packages[@]}" ;;
      bench) require_packages "${build_packages[@]}" "${bench_packages[@]}" ;;
      arm64) require_arm64_packages ;;
      *) usage_error "setup: unknown verb '$verb'" ;;
    esac
  done
}

build() {
  setup build
  local fresh=()
  [ -f build/build.ninja ] || fresh=(-DCMAKE_BUILD_TYPE=Release -DSEGFORGE_TESTS=OFF)
  # GPU code for all architectures, where the tests' build has some.
  cmake -S . -B build -G Ninja "${fresh[@]}" -DSEGFORGE_CUDA_ARCHITECTURES=
  cmake --build build --target segforge
}

demo() {
  build
  local images=(models/street-b0/demo/*.jpg)
  build/segforge segment "${images[@]}" --format overlay,labels -o out/demo/
}

bench() {
  setup bench
  tools/bench.sh "$@"
}

fuzz() {
  setup fuzz
  tools/stage.sh sanitizer_build
  SEGFORGE_FUZZ_SECONDS=${1:-60} tools/stage.sh fuzz
}

format() {
  setup format
  tools/stage.sh list_sources | xargs "$(tools/stage.sh clang_tool clang-format)" -i
}

usage_error() {
  echo "do: $1; see ./do help" >&2
  exit 2
}

verb=${1:-help}
shift || true
case $verb in
  help | -h | --help) help ;;
  setup | build | demo | bench | format | fuzz) "$verb" "$@" ;;
  test) [ "${1:-}" = list ] || setup test; tools/test.sh "$@" ;;
  lint) setup lint; tools/test.sh format tidy includes ;;
  arm64) setup arm64; tools/stage.sh arm64 ;;
  *) usage_error "unknown verb '$verb'" ;;
esac
