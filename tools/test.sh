#!/usr/bin/env bash
# Runs the stages of ./do test, in order and all of them even when one fails; prints what each took.
#   tools/test.sh [all | quick | list | --gpu | STAGE...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

all=(includes format release targets passes install tidy sanitizers fuzz threads)
case ${1:-all} in
  all) stages=("${all[@]}") ;;
  quick) stages=(release) ;;
  --gpu) stages=(gpu) ;;
  list) printf '%s\n' "${all[@]}"; exit ;;
  *) stages=("$@") ;;
esac

logs=build/logs
mkdir -p "$logs"
passed=() failed=() table=""
for stage in "${stages[@]}"; do
  if [[ " ${all[*]} gpu " != *" $stage "* ]]; then
    echo "do: unknown stage '$stage'; there are: ${all[*]} gpu" >&2
    exit 2
  fi
  echo "== $stage"
  start=$SECONDS
  if tools/stage.sh "$stage" 2>&1 | tee "$logs/$stage.log"; then
    verdict=ok passed+=("$stage")
  else
    verdict=FAILED failed+=("$stage")
  fi
  tests=$(grep -h 'tests passed' "$logs/$stage.log" | sed 's/^.*tests passed, //' | paste -sd ';' || true)
  table+=$(printf '%-11s %-6s %5d s  %s' "$stage" "$verdict" $((SECONDS - start)) "$tests")$'\n'
done

echo "== stages"
printf '%s' "$table"
echo "${#passed[@]} passed, ${#failed[@]} failed${failed:+: ${failed[*]}} (stages, $SECONDS s)"
[ ${#failed[@]} = 0 ]
