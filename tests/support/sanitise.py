"""Runs the tests of csrc on modules built with sanitisers, which must have nothing to report.

python tests/support/sanitise.py address             AddressSanitizer and UndefinedBehaviorSanitizer
python tests/support/sanitise.py thread              ThreadSanitizer
python tests/support/sanitise.py address --fuzz N    N calls of the fuzzer, in place of the tests

The build lies in a tree of its own, build/address or build/thread, of links to the package's
files, so that the modules in charlm/ stay as they are. Bugs are linked into it (planted.cpp),
dormant until they are named: each is woken first, and must be reported.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from root import ROOT

# -fno-wrapv: with the flags that Python was built with, an overflow would be no error.
FLAGS = "-O1 -g1 -fno-omit-frame-pointer -fno-wrapv"
PLANTED = ROOT / "tests/support/planted.cpp"
#: charlm::Sampler::draw, whose callers get to the bugs first. If it is called otherwise one day,
#: no bug is caught.
SEAM = "_ZN6charlm7Sampler4drawEPKfPKiRKNS_8NoiseKeyE"
DECODE = """
from charlm.decoding import Sampling
from charlm.engine import Engine
Engine.load("tests/golden/gru.safetensors", threads=3).write_many(["a", "b", "c"], Sampling())
"""


@dataclass(frozen=True)
class Sanitiser:
    """planted: what is reported of each planted bug. libraries: to be loaded before Python."""

    flags: str
    libraries: tuple[str, ...]
    options: dict[str, str]
    planted: dict[str, str]
    tests: tuple[str, ...]


SANITISERS = {
    "address": Sanitiser(
        # vptr needs type information of pybind11's own classes, and doubles the build.
        flags="-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined",
        # Without libstdc++ before it, libasan finds no function that throws, and aborts.
        libraries=("libasan.so", "libstdc++.so"),
        options={"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"},
        planted={"address": "heap-buffer-overflow", "overflow": "signed integer overflow"},
        tests=(
            *(f"engine/test_{name}.py" for name in ("engine", "decoders", "beams", "kernels")),
            *(f"engine/test_{name}.py" for name in ("golden", "limits", "prompt_state")),
            "train/test_pass.py",
        ),
    ),
    "thread": Sanitiser(
        flags="-fsanitize=thread",
        libraries=("libtsan.so",),
        options={"TSAN_OPTIONS": "halt_on_error=1:die_after_fork=0"},
        planted={"race": "data race"},
        tests=(
            *(f"engine/test_{name}.py" for name in ("threads", "golden", "limits")),
            "engine/test_prompt_state.py",
            "train/test_pass.py",
        ),
    ),
}


def build(sanitiser: Sanitiser, tree: Path) -> None:
    """Make or renew the tree: links, and the engine among them."""
    package = tree / "charlm"
    package.mkdir(parents=True, exist_ok=True)
    for link in package.iterdir():
        if link.is_symlink():
            link.unlink()
    for file in (ROOT / "charlm").iterdir():
        if file.suffix != ".so" and file.name != "__pycache__":
            (package / file.name).symlink_to(file)
    print("Building the native modules with", sanitiser.flags, flush=True)
    flags, planted = f"{FLAGS} {sanitiser.flags}", tree / "planted.o"
    seam = ["-Icsrc", f'-DSEAM="{SEAM}"', "-std=c++20", "-fPIC"]
    compiling = [compiler(), *flags.split(), *seam, "-c", PLANTED, "-o", planted]
    subprocess.run(compiling, check=True)
    places = [f"--build-lib={tree}", f"--build-temp={tree / 'objects'}"]
    outdated = any(e.stat().st_mtime < PLANTED.stat().st_mtime for e in package.glob("*.so"))
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_ext", *places, *["--force"] * outdated],
        env={
            **os.environ,
            "CHARLM_CXXFLAGS": flags,
            "LDFLAGS": f"{os.environ.get('LDFLAGS', '')} {planted} -Wl,--wrap={SEAM}",
        },
        check=True,
    )


def compiler() -> str:
    """What compiles C++."""
    return os.environ.get("CXX", "c++")


def library(name: str) -> str:
    """Where the compiler has one of its libraries."""
    asked = [compiler(), f"-print-file-name={name}"]
    path = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    if not os.path.isabs(path):
        sys.exit(f"{compiler()} has no {name}: install its sanitisers")
    return path


def run(sanitiser: Sanitiser, tree: Path, command: list[str], bug: str = "") -> tuple[int, str]:
    """Run Python on the tree: how it ended (at the first report, badly); what a bug made it say."""
    environment = {
        **os.environ,
        **sanitiser.options,
        "LD_PRELOAD": " ".join(library(name) for name in sanitiser.libraries),
        "PYTHONPATH": f"{tree}{os.pathsep}{ROOT / 'tests/support'}",
        "PYTHONMALLOC": "malloc",
        "OPENBLAS_NUM_THREADS": "1",
        "CHARLM_PLANTED_BUG": bug,
    }
    # -P: the working folder, which has a charlm too, is no place to import from.
    ended = subprocess.run(
        [sys.executable, "-P", *command],
        env=environment,
        stderr=subprocess.PIPE if bug else None,
        text=True,
    )
    return ended.returncode, ended.stderr or ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sanitiser", choices=SANITISERS)
    parser.add_argument("--fuzz", type=int, metavar="CALLS")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sanitiser, tree = SANITISERS[options.sanitiser], ROOT / "build" / options.sanitiser
    os.chdir(ROOT)
    build(sanitiser, tree)
    for bug, report in sanitiser.planted.items():
        code, said = run(sanitiser, tree, ["-c", DECODE], bug)
        if code == 0 or report not in said:
            sys.exit(f"the planted bug '{bug}' was not caught:\n{said}")
        print(f"the planted bug '{bug}' is caught: {report}", flush=True)
    if options.fuzz:
        command = [
            "tests/support/fuzz_engine.py",
            f"--calls={options.fuzz}",
            f"--seed={options.seed}",
        ]
    else:
        tests = [f"tests/{path}" for path in sanitiser.tests]
        # capture=sys: what a sanitiser writes goes by pytest, whose captured text dies with it.
        settings = [
            "-o",
            f"pythonpath={tree}",
            "-m",
            "not long",
            "-k",
            "not torch and not cannot_be_had",
        ]
        command = ["-m", "pytest", "-q", "--capture=sys", *settings, *tests]
    if run(sanitiser, tree, command)[0] != 0:
        sys.exit(f"failed under the {options.sanitiser} sanitiser")
    print("nothing to report")


if __name__ == "__main__":
    main()
