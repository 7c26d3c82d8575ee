#!/usr/bin/env bash
# check_includes.sh passes a tree that keeps to the arrows and fails each include that does not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# write FILE INCLUDE: a tree of that one file.
write() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree/$(dirname "$1")"
  echo "#include $2" >"$tree/$1"
}
expect() {
  local verdict=pass
  write "$2" "$3"
  ./check_includes.sh "$tree" >/dev/null || verdict=fail
  [ "$verdict" = "$1" ] || { echo "check_includes_test: $2 with $3 should $1"; exit 1; }
}

expect pass src/engine/a.cc '"backend/kernel.h"'
expect pass src/engine/a.cc '"engine/plan.h"'
expect pass src/engine/a.cc '<vector>'
expect pass src/backend/cpu/a.cc '"hwy/highway.h"'
expect pass src/api/a.cc '"segforge/segforge.h"'
expect pass apps/cli/a.cc '<segforge/segforge.h>'
expect pass apps/cli/a.cc '"table.h"'
expect pass src/eval/a.cc '"image/decode_labels.h"'
expect pass src/api/a.cc '"eval/confusion.h"'
expect fail src/engine/a.cc '"eval/confusion.h"'
expect fail src/eval/a.cc '"segforge/evaluate.h"'
expect fail src/base/a.cc '"ir/graph.h"'
expect fail src/base/a_test.cc '"ir/graph.h"'
expect fail src/backend/cpu/a.cc '"engine/plan.h"'
expect fail src/image/a.h '  "formats/checkpoint.h"'
expect pass src/backend/cuda/a.cu '<cuda_fp16.h>'
expect fail src/backend/cuda/a.cu '"engine/plan.h"'
expect fail src/backend/cuda/a.cuh '"passes/rewrite.h"'
expect fail src/passes/a.cc '<backend/kernel.h>'
expect fail src/attic/a.cc '"base/shape.h"'
expect fail src/model/a.cc '"segforge/segforge.h"'
expect fail include/segforge/a.h '"base/shape.h"'
expect fail apps/cli/a.cc '"engine/engine.h"'
echo "check_includes: 23 cases hold"
