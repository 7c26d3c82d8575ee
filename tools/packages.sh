# shellcheck shell=bash disable=SC2034
# Sourced by ./do: what each verb needs from apt, by names that Debian 12 and Ubuntu 24.04 share.

build_packages=(
  g++ cmake ninja-build pkg-config
  libfmt-dev nlohmann-json3-dev zlib1g-dev libhwy-dev libcli11-dev
  libjpeg-dev libspng-dev libwebp-dev libexif-dev
  libprotobuf-dev protobuf-compiler libonnx-dev
  libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libavdevice-dev)
test_packages=(libgtest-dev libgmock-dev clang libclang-rt-dev llvm clang-format clang-tidy)
bench_packages=(libbenchmark-dev python3-venv)
# Without FFmpeg: the build for arm64 has no video.
arm64_packages=(
  crossbuild-essential-arm64 qemu-user-static libgtest-dev:arm64 libgmock-dev:arm64
  libfmt-dev:arm64 zlib1g-dev:arm64 libhwy-dev:arm64
  libjpeg-dev:arm64 libspng-dev:arm64 libwebp-dev:arm64 libexif-dev:arm64
  libprotobuf-dev:arm64)

# The packages among "$@" that are not installed, one a line.
missing_packages() {
  local package
  for package in "$@"; do
    # One line an architecture.
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

# Installs what is missing of "$@", running "$before" first; without the right to, prints the line and exits.
require_packages() { install_after "" "$@"; }
require_arm64_packages() {
  require_packages "${build_packages[@]}" "${test_packages[@]}"
  install_after "dpkg --add-architecture arm64" "${arm64_packages[@]}"
}
install_after() {
  local before=$1 missing line
  shift
  if ! command -v apt-get dpkg-query >/dev/null; then
    echo "do: packages are installed with apt, which is not here; install these by hand and use cmake:" >&2
    echo "  $*" >&2
    exit 2
  fi
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  line="${before:+$before && }apt-get update -q"
  line+=" && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends ${missing[*]}"
  echo "do: installing ${missing[*]}" >&2
  if [ "$(id -u)" = 0 ]; then
    sh -c "$line"
  elif sudo -n true 2>/dev/null; then
    sudo -n sh -c "$line"
  else
    echo "do: that needs root; run this line, then ./do again:" >&2
    echo "  sudo sh -c '$line'" >&2
    exit 2
  fi
}
