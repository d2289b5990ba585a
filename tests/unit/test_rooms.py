"""What the house looks like, where neither ruff nor import-linter can say it."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "everloop"
MODULES = sorted(SOURCE.rglob("*.py"))

MODULE_LINES = 500
FUNCTION_LINES = 50
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "base", "misc"}

Search = Callable[[ast.Module], Iterator[ast.AST]]


def dotted(node: ast.AST) -> str:
    """The name as written, such as `os.environ`; empty for what is not a plain chain of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{before}.{node.attr}" if (before := dotted(node.value)) else ""
    return ""


def imported(tree: ast.Module) -> Iterator[tuple[ast.stmt, str]]:
    """Each imported name in full, `from os import environ` as `os.environ`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def environment_reads(tree: ast.Module) -> Iterator[ast.AST]:
    names = {"os.environ", "os.environb", "os.getenv", "os.putenv", "os.unsetenv"}
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and dotted(node) in names)
    yield from (node for node, name in imported(tree) if name in names)


def dangerous_calls(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            shell = any(option.arg == "shell" and not is_false(option.value) for option in node.keywords)
            if shell or dotted(node.func) in {
                "eval",
                "exec",
                "builtins.eval",
                "builtins.exec",
                "yaml.load",
                "os.system",
            }:
                yield node
    modules = {"pickle", "marshal", "shelve", "dill", "cloudpickle"}
    yield from (node for node, name in imported(tree) if name.split(".")[0] in modules or name == "yaml.load")


def is_false(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def dropped_tasks(tree: ast.Module) -> Iterator[ast.AST]:
    """Tasks that nobody holds, so that they may be collected before they end; a task group's are held by it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = re.sub(r"\(.*?\)", "", ast.unparse(node.value.func))
            if re.search(r"(^|\.)ensure_future$|^create_task$|(asyncio|loop)\.create_task$", called):
                yield node


def long_functions(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno + 1 > FUNCTION_LINES:
                yield node


def impure_lines(tree: ast.Module) -> Iterator[ast.AST]:
    """What a domain module may not hold: other rooms, libraries, modules that touch the world, async code."""
    worldly = {
        "asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "random", "secrets", "select",
        "selectors", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time",
    }  # fmt: skip
    for node, name in imported(tree):
        top = name.split(".")[0]
        ours = name.startswith(("everloop.domain", "everloop.errors"))
        if not ours and (top not in sys.stdlib_module_names or top in worldly):
            yield node
    asynchronous = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    yield from (node for node in ast.walk(tree) if isinstance(node, asynchronous))


def offences(find: Search, modules: list[Path]) -> list[str]:
    found = []
    for path in modules:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        found += [f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', '?')}" for node in find(tree)]
    return found


LONG = "def long():\n" + "    x = 1\n" * FUNCTION_LINES


@pytest.mark.parametrize(
    ("find", "bad", "good"),
    [
        (environment_reads, "import os\nos.environ['A']", "import os\nos.path"),
        (environment_reads, "from os import getenv", "from os import path"),
        (dangerous_calls, "eval('1')", "model.eval()"),
        (dangerous_calls, "import pickle", "import json"),
        (dangerous_calls, "from yaml import load", "import yaml\nyaml.safe_load(x)"),
        (dangerous_calls, "run('ls', shell=True)", "run(['ls'], shell=False)"),
        (dangerous_calls, "run('ls', shell=flag)", "run(['ls'])"),
        (dropped_tasks, "asyncio.create_task(f())", "task = asyncio.create_task(f())"),
        (dropped_tasks, "asyncio.get_running_loop().create_task(f())", "tasks.add(loop.create_task(f()))"),
        (dropped_tasks, "self._loop.create_task(f())", "group.create_task(f())"),
        (dropped_tasks, "asyncio.ensure_future(f())", "await asyncio.ensure_future(f())"),
        (long_functions, LONG, LONG.removesuffix("    x = 1\n")),
        (impure_lines, "from everloop.ports import Clock", "from everloop.errors import EverloopError"),
        (impure_lines, "import msgspec", "import hashlib"),
        (impure_lines, "from random import random", "from everloop.domain.ids import LogId"),
        (impure_lines, "async def f(): ...", "def f(): ..."),
    ],
)
def test_the_searches_below_find_what_they_look_for(find: Search, bad: str, good: str):
    assert list(find(ast.parse(bad)))
    assert not list(find(ast.parse(good)))


def test_there_is_a_house():
    assert len(MODULES) > 20
    assert SOURCE / "domain" / "template.py" in MODULES


def test_modules_are_short():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > MODULE_LINES} == {}


def test_functions_are_short():
    # A migration is a list of tables, written once and never changed.
    modules = [path for path in MODULES if "migrations" not in path.parts]
    assert offences(long_functions, modules) == []


def test_names_say_something():
    parts = {part for path in MODULES for part in path.relative_to(SOURCE).with_suffix("").parts}
    assert parts & EMPTY_NAMES == set()


def test_only_settings_reads_the_environment():
    assert offences(environment_reads, [path for path in MODULES if path != SOURCE / "settings.py"]) == []


def test_nothing_evaluates_unpickles_or_starts_a_shell():
    assert offences(dangerous_calls, MODULES) == []


def test_every_task_is_held():
    assert offences(dropped_tasks, MODULES) == []


def test_the_domain_is_pure():
    domain = [path for path in MODULES if SOURCE / "domain" in path.parents]
    assert domain
    assert offences(impure_lines, [*domain, SOURCE / "errors.py"]) == []


# What we depend on. Expressions are SPDX; the classifiers are for distributions that do not have one yet.
ALLOWED_LICENSES = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Python-2.0",
    "Unlicense", "Zlib",
}  # fmt: skip
ALLOWED_CLASSIFIERS = {
    "Apache Software License", "BSD License", "ISC License (ISCL)", "MIT License",
    "Mozilla Public License 2.0 (MPL 2.0)", "Python Software Foundation License",
}  # fmt: skip


def locked(name: str) -> list[Requirement]:
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if re.match(r"[A-Za-z0-9]", line)]


def is_allowed(metadata: importlib.metadata.PackageMetadata) -> bool:
    """Every part joined by AND has to be allowed, of those joined by OR one is enough."""
    if "License-Expression" in metadata:
        expression = metadata["License-Expression"]
        parts = re.sub(r"[()]", "", expression).split(" AND ")
        return all(any(choice.strip() in ALLOWED_LICENSES for choice in part.split(" OR ")) for part in parts)
    prefix = "License :: OSI Approved :: "
    classifiers = [name.removeprefix(prefix) for name in metadata.get_all("Classifier", []) if name.startswith(prefix)]
    if classifiers:
        return ALLOWED_CLASSIFIERS.issuperset(classifiers)
    return "License" in metadata and metadata["License"] in ALLOWED_LICENSES


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        ("License-Expression: MIT OR GPL-3.0-only", True),
        ("License-Expression: MIT AND GPL-3.0-only", False),
        ("License-Expression: (MIT OR Apache-2.0) AND BSD-3-Clause", True),
        ("License-Expression: LicenseRef-Commercial", False),
        ("Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)", False),
        ("Classifier: License :: OSI Approved :: MIT License", True),
        ("License: Apache-2.0", True),
        ("Name: says-nothing", False),
    ],
)
def test_licences_are_read(tmp_path: Path, lines: str, allowed: bool):
    info = tmp_path / "some-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"{lines}\n", encoding="utf-8")
    assert is_allowed(importlib.metadata.Distribution.at(info).metadata) is allowed


def test_dependencies_are_free_software_without_strings():
    needed = [req.name for req in locked("runtime.txt") if req.marker is None or req.marker.evaluate()]
    assert len(needed) > 16
    refused = [name for name in needed if not is_allowed(importlib.metadata.metadata(name))]
    assert refused == []


@pytest.mark.parametrize("name", ["runtime.txt", "build.txt", "dev.txt"])
def test_locks_are_exact_hashed_and_without_litellm(name: str):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    requirements = locked(name)
    assert requirements
    assert all(str(req.specifier).startswith("==") for req in requirements)
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[A-Za-z0-9])", text)[1:])
    assert "://" not in text
    assert "litellm" not in {req.name for req in requirements}


def test_locks_match_the_declared_dependencies():
    pins = {req.name: str(req.specifier).removeprefix("==") for req in locked("runtime.txt")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for declared in map(Requirement, project["dependencies"]):
        assert declared.specifier.contains(pins[declared.name]), (
            f"make lock: {declared} is locked at {pins[declared.name]}"
        )


def test_all_locks_agree():
    runtime = {req.name: req.specifier for req in locked("runtime.txt")}
    dev = {req.name: req.specifier for req in locked("dev.txt")}
    assert {name: dev.get(name) for name in runtime} == runtime
