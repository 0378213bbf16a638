"""Builds charlm._engine, the native decoder (C++20, pybind11; no torch). See pyproject.toml."""

import hashlib
import os
import sys
from pathlib import Path

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension
from setuptools import setup

ROOT = Path(__file__).parent
FILES = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "csrc").rglob("*") if p.is_file())


def source_hash() -> str:
    """SHA-256 over the C++ sources: tests compare it, so that none runs on a stale build."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()


engine = Pybind11Extension(
    "charlm._engine",
    [name for name in FILES if name.endswith(".cpp")],
    include_dirs=["csrc"],
    depends=FILES,
    define_macros=[("CHARLM_SOURCE_HASH", f'"{source_hash()}"')],
    cxx_std=20,
)
if sys.platform != "win32":
    # No contraction: a * b + c must round twice wherever it is written so (docs/decoders.md).
    engine.extra_compile_args += ["-O3", "-ffp-contract=off", "-Wall", "-Wextra"]
    engine.extra_link_args += ["-pthread"]
    # Behind the others, to the compiler and the linker: the sanitisers of `make asan`.
    more = os.environ.get("CHARLM_CXXFLAGS", "").split()
    engine.extra_compile_args += more
    engine.extra_link_args += more

with ParallelCompile(default=0):
    setup(ext_modules=[engine])
