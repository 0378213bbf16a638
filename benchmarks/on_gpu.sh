#!/bin/sh
# All that waits for a GPU, in at most eight minutes: the tests of devices, decoding, training.
#
#   sh benchmarks/on_gpu.sh              on a CUDA device
#   sh benchmarks/on_gpu.sh torch-cpu    the same in tiny sizes on the CPU, to see that it runs
#
# PYTHON: the Python to use (.venv's if there is one, else python3). OUT: a folder for what is said
# and measured (benchmarks/results). Each part has its time and fails alone; the exit code is that
# of the first that failed. Where charlm's native modules are missing they are built. What came of
# it is put into benchmarks/RESULTS.md by python -m benchmarks.record.

cd "$(dirname "$0")/.." || exit 1
device=${1:-cuda}
out=${OUT:-benchmarks/results}
python=${PYTHON:-.venv/bin/python}
[ -x "$python" ] || python=${PYTHON:-python3}
export PYTHONPATH=".${PYTHONPATH:+:$PYTHONPATH}"
mkdir -p "$out" || exit 1
failed=0

part() { # part NAME SECONDS COMMAND...: run it, show what it says and keep it
  name=$1 seconds=$2
  shift 2
  echo "== $name: $*"
  began=$(date +%s)
  timeout -s INT -k 5 "$seconds" "$@" >"$out/on_gpu-$name.txt" 2>&1
  code=$?
  tail -n 60 "$out/on_gpu-$name.txt"
  echo "== $name: exit code $code after $(($(date +%s) - began)) s (of $seconds)"
  [ "$failed" -ne 0 ] || failed=$code
}

if [ "$device" = cuda ]; then
  tests="tests/train/test_torch_layer.py tests/train/test_devices.py"
  tests="$tests tests/engine/test_torch_engine.py"
  decoding="--hidden 512 --length 200 --rounds 3"
  training="--sizes 256 512 1024 --times 128 --rows 64 --rounds 5"
else
  tests="tests/train/test_torch_layer.py"
  decoding="--hidden 8 --length 4 --rounds 1"
  training="--sizes 8 --times 4 --rows 2 --rounds 1"
fi

"$python" -c "from charlm import _engine, _training" 2>/dev/null ||
  part build 90 "$python" setup.py build_ext --inplace
part devices 20 "$python" -c "
import torch
print(torch.__version__, torch.version.cuda, torch.backends.cudnn.version())
print(torch.cuda.get_device_properties(0) if torch.cuda.is_available() else 'no CUDA device')"
# shellcheck disable=SC2086 # lists of words
{
  part tests 160 "$python" -m pytest -q -p no:cacheprovider -m "not long" --device "$device" $tests
  part decoding 100 "$python" -m benchmarks.cuda --device "$device" $decoding \
    --json "$out/cuda.json"
  part training 100 "$python" -m benchmarks.cuda_training --device "$device" $training \
    --json "$out/cuda_training.json"
}
exit "$failed"
