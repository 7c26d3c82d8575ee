#!/usr/bin/env bash
# The installed tree is complete: the program finds its model there, and another project builds against the library.
#   tests/install/check.sh BUILD_DIR
set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build_dir=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
image=$source_dir/models/street-b0/demo/street_day.jpg

fail() { echo "install check: $1" >&2; exit 1; }

cmake --build "$build_dir" -- --quiet
cmake --install "$build_dir" --prefix "$prefix" >"$work/install.log" || { cat "$work/install.log"; exit 1; }
model=$prefix/share/segforge/models/street-b0
[ -f "$model/model.safetensors" ] || fail "the built-in model was not installed"

cmake -S "$source_dir/examples/segment_image" -B "$work/example" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_STANDARD=17 >"$work/configure.log" ||
  { cat "$work/configure.log"; exit 1; }
cmake --build "$work/example" >"$work/build.log" || { cat "$work/build.log"; exit 1; }

cd "$work"
unset SEGFORGE_MODELS
"$work/example/segment_image" "$image" example.png >areas.txt
grep -q '^road ' areas.txt || fail "the example printed no area of road: $(cat areas.txt)"
"$prefix/bin/segforge" segment "$image" --format overlay -o program.png -q
cmp example.png program.png || fail "library and program disagree"

# The model used was the installed one, not the source tree's: breaking it breaks the program.
echo broken >"$model/model.safetensors"
if "$prefix/bin/segforge" segment "$image" -o x.png -q 2>error.txt; then fail "the installed model was not the one used"; fi
grep -q "$prefix" error.txt || fail "the error does not name the installed model: $(cat error.txt)"
echo "install check: the example and the program agree on $(basename "$image")"
