"""The shape of the house: who may import whom, and that core and services start without Qt."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "desktop"
FILES = sorted(ROOT.rglob("*.py"))
QT = ("PySide6", "qasync", "shiboken6")


def imports(file: Path, *, everywhere: bool = True) -> set[str]:
    """The modules that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def room(file: Path) -> str:
    return file.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_run_one_way(file: Path) -> None:
    seen = imports(file)
    top = ("desktop.app", "desktop.program")
    forbidden = {"core": ("desktop.services", "desktop.ui", *top), "services": ("desktop.ui", *top)}
    bad = {m for m in seen for f in forbidden.get(room(file), top) if m == f or m.startswith(f + ".")}
    allowed = {"cli.py": {"desktop.app", "desktop.app.main"}, "app.py": {"desktop.program", "desktop.program.Program"}}
    assert bad - allowed.get(file.name, set()) == set()


@pytest.mark.parametrize("file", [f for f in FILES if room(f) in ("core", "services")], ids=lambda f: f.stem)
def test_core_and_services_know_no_qt(file: Path) -> None:
    assert {m for m in imports(file) if m.split(".")[0] in QT} == set()


@pytest.mark.parametrize("file", [f for f in FILES if room(f) == "core"], ids=lambda f: f.stem)
def test_core_does_no_io(file: Path) -> None:
    """No sockets, files, clocks or threads; pydantic is the one library (markdown's parser belongs to its room)."""
    banned = {"socket", "httpx", "asyncio", "time", "threading", "subprocess", "os", "pathlib", "keyring", "sqlite3"}
    assert {m.split(".")[0] for m in imports(file)} & banned == set()


def test_adapters_do_not_import_each_other() -> None:
    """A protocol is a file or a folder of its name; base, run, ledger, words and chat are everybody's."""
    shared = {"base", "run", "ledger", "words", "chat"}
    adapters = ROOT / "core" / "adapters"
    for file in adapters.rglob("*.py"):
        family = file.relative_to(adapters).parts[0].removesuffix(".py").split("_")[0]
        siblings = (m for m in imports(file) if m.startswith("desktop.core.adapters."))
        strangers = {m.split(".")[3].split("_")[0] for m in siblings} - shared - {family}
        assert strangers == set() or file == adapters / "__init__.py", file.name


def test_no_protocol_is_named_in_the_window_or_the_reducer() -> None:
    from desktop.core.adapters import PROTOCOLS

    for file in [*(ROOT / "ui").rglob("*.py"), ROOT / "core" / "reducer.py"]:
        code = ast.parse(file.read_text("utf-8"))
        words = {n.value for n in ast.walk(code) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
        assert words & set(PROTOCOLS) == set(), file.name


def test_a_fresh_process_loads_core_and_services_without_qt() -> None:
    rooms = [f for f in FILES if room(f) in ("core", "services")]
    modules = [".".join(("desktop", *f.relative_to(ROOT).with_suffix("").parts)) for f in rooms]
    modules = [m.removesuffix(".__init__") for m in modules if not m.endswith("local_model_server")]
    code = f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\n"
    code += f"print([q for q in {QT!r} if q in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT.parent, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() == "[]"


def test_the_window_is_painted_before_anything_heavy_is_loaded() -> None:
    code = (
        "import desktop.cli, desktop.app, sys\n"
        "heavy = ('asyncio', 'qasync', 'httpx', 'pydantic', 'keyring', 'markdown_it', 'pygments', 'sqlite3', 'ssl')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT.parent, check=True)
    assert done.stdout.strip() == "[]"
