#!/usr/bin/env bash
# Fails on an #include that goes against the arrows between rooms: tools/check_includes.sh REPOSITORY
set -euo pipefail
cd "$1"

# Each room and the rooms that it may include, besides itself.
rooms='
base
image:   base
formats: base
ir:      base
passes:  base ir
onnx:    base formats ir
model:   base image formats ir passes onnx
backend: base ir
engine:  base image formats ir passes onnx model backend
quant:   base image formats ir passes onnx model backend engine
eval:    base image formats ir passes onnx model backend engine
api:     base image formats ir passes onnx model backend engine quant eval
'

# The project's own headers are written from src/ or include/, as "room/file.h" and "segforge/file.h".
{ find src include apps -type f \( -name '*.h' -o -name '*.cc' -o -name '*.cu' -o -name '*.cuh' \) 2>/dev/null || true; } |
  LC_ALL=C sort |
  xargs -r awk -v rooms="$rooms" '
    BEGIN {
      count = split(rooms, lines, "\n")
      for (i = 1; i <= count; i++) {
        words = split(lines[i], word, /[: ]+/)
        if (word[1] == "") continue
        is_room[word[1]] = 1
        may[word[1], word[1]] = 1
        for (j = 2; j <= words; j++) may[word[1], word[j]] = 1
      }
    }
    FNR == 1 { split(FILENAME, path, "/"); top = path[1]; room = path[2] }
    /^[ \t]*#[ \t]*include[ \t]*["<]/ {
      target = $0
      sub(/^[^"<]*["<]/, "", target)
      sub(/[">].*$/, "", target)
      split(target, part, "/")
      to = part[1]
      if (to == "segforge") {
        if (top == "src" && room != "api") fail("only api and apps include the public header")
      } else if (top == "include") {
        if (is_room[to]) fail("the public header includes nothing of src/")
      } else if (top == "apps") {
        if (is_room[to]) fail("apps use the public header alone")
      } else if (is_room[to]) {
        if (!is_room[room]) fail("src/" room " is no room that tools/check_includes.sh knows")
        else if (!((room, to) in may)) fail(room " may not include " to)
      }
    }
    function fail(why) { printf "%s:%d: #include of %s: %s\n", FILENAME, FNR, target, why; bad = 1 }
    END { exit bad }
  '
