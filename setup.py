"""Builds charlm._engine, which writes, and charlm._training, which learns (C++20, pybind11).

Neither needs torch. See pyproject.toml.

In a clone the folders are packages as they lie. A wheel takes one name alone: the screen is
charlm.tui there, and the shipped models lie in charlm/shipped.
"""

import hashlib
import itertools
import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import Extension, find_packages, setup

ROOT = Path(__file__).parent
#: The folders and files of csrc that a module is made of.
MODULES = {
    "charlm._engine": ("base", "kernels", "decode", "model", "session", "bindings"),
    "charlm._training": (
        "base",
        "kernels",
        "train",
        "bindings/training",
        "bindings/arrays.h",
        "bindings/made_caster.h",
        "bindings/options.h",
        "bindings/released.h",
    ),
}
EDITABLE = "editable_wheel" in sys.argv  # pip install -e
#: The models that come with charlm, in checkpoints/, and what is taken of each.
SHIPPED = ("shakespeare", "speeches")
SHIPPED_FILES = ("model.safetensors", "run.jsonl")


def files_in(places: Sequence[str]) -> list[str]:
    """Every file that stands in these folders of csrc, or is named, by its path from here."""
    paths = [ROOT / "csrc" / place for place in places]
    found = [file for path in paths for file in (path.iterdir() if path.is_dir() else [path])]
    return sorted(file.relative_to(ROOT).as_posix() for file in found if file.is_file())


def source_hash(folders: Sequence[str]) -> str:
    """SHA-256 over C++ sources: tests compare it, so that none runs on a stale build."""
    digest = hashlib.sha256()
    for name in files_in(folders):
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()


def extension(name: str, folders: Sequence[str]) -> Pybind11Extension:
    """A module of the .cpp files in these folders; it is built anew when any file there changes."""
    files = files_in(folders)
    module = Pybind11Extension(
        name,
        [file for file in files if file.endswith(".cpp")],
        include_dirs=["csrc"],
        depends=files,
        define_macros=[("CHARLM_SOURCE_HASH", f'"{source_hash(folders)}"')],
        cxx_std=20,
    )
    if sys.platform != "win32":
        # No contraction: a * b + c must round twice wherever it is written so (docs/decoders.md).
        module.extra_compile_args += ["-O3", "-ffp-contract=off", "-Wall", "-Wextra"]
        module.extra_link_args += ["-pthread"]
        # Behind the others, to the compiler and the linker: the sanitisers of `make asan`.
        more = os.environ.get("CHARLM_CXXFLAGS", "").split()
        module.extra_compile_args += more
        module.extra_link_args += more
    return module


class BuildExtension(build_ext):
    """Compiles, and says at a terminal how far it is."""

    def build_extension(self, ext: Extension) -> None:
        """Build one module."""
        compile_file, begun, told = self.compiler._compile, itertools.count(1), sys.stderr.isatty()

        def compile_and_tell(*arguments: object) -> None:
            if told:
                done = f"\r  {ext.name}: file {next(begun)} of {len(ext.sources)} "
                print(done, end="", file=sys.stderr, flush=True)
            compile_file(*arguments)

        self.compiler._compile = compile_and_tell
        try:
            super().build_extension(ext)
        finally:
            self.compiler._compile = compile_file
            if told:
                print(file=sys.stderr)


def packages() -> dict[str, object]:
    """What setuptools is told of the Python in here: where it lies, and its data."""
    if EDITABLE:
        return {"packages": find_packages(include=["charlm*", "tui*"])}
    screen = ["charlm." + name for name in find_packages(include=["tui*"])]
    models = {f"charlm.shipped.{name}": f"checkpoints/{name}" for name in SHIPPED}
    return {
        "packages": [*find_packages(include=["charlm*"]), *screen, *models],
        "package_dir": {"charlm.tui": "tui", **models},
        "package_data": {
            "charlm": ["py.typed", "*.pyi"],
            "charlm.tui": ["py.typed", "**/*.tcss"],
            **dict.fromkeys(models, SHIPPED_FILES),
        },
    }


def modules() -> list[Pybind11Extension]:
    """The modules to build; in a clone without those that stand there newer than their sources."""
    folders = {
        name: places
        for name, places in MODULES.items()
        if not (EDITABLE and is_built(name, places))
    }
    return [extension(name, places) for name, places in folders.items()]


def is_built(name: str, folders: Sequence[str]) -> bool:
    """Whether a module stands in its place in the clone, newer than all it is made of."""
    if os.environ.get("CHARLM_CXXFLAGS"):
        return False  # of which a module does not tell
    newest = max((ROOT / file).stat().st_mtime for file in (*files_in(folders), "setup.py"))
    built = ROOT / (name.replace(".", "/") + sysconfig.get_config_var("EXT_SUFFIX"))
    return built.exists() and built.stat().st_mtime > newest


with ParallelCompile(default=0):
    setup(ext_modules=modules(), cmdclass={"build_ext": BuildExtension}, **packages())
