"""The language files are whole, and nothing that people read escapes them."""

from __future__ import annotations

import ast
import re
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.core import po

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "resources" / "languages"
FILES = sorted((ROOT / "desktop").rglob("*.py"))
#: demo.py fills a window that only developers open.
SHOWN = [file for file in FILES if (file.parent.name, file.name) == ("desktop", "app.py") or "ui" in file.parts[-3:-1]]
SHOWN = [file for file in SHOWN if file.name != "demo.py"]
TRANSLATING = {"tr", "trn", "mark"}
#: Calls that show text to people: any literal among what they are given is a sentence.
SHOWING = {
    "ask_done", "addAction", "addItem", "addItems", "addMenu", "addRow", "say", "setAccessibleDescription",
    "setAccessibleName", "setAccessibleTabName", "setFormat", "setHeaderLabels", "setLabelText", "setPlaceholderText",
    "setStatusTip", "setSuffix", "setTabText", "setTabToolTip", "setText", "setTitle", "setToolTip", "setWhatsThis",
    "setWindowTitle", "ElidedLabel", "PlainLabel", "QAction", "QCheckBox", "QGroupBox", "QLabel", "QListWidgetItem",
    "QPushButton", "QRadioButton", "QToolButton", "QTreeWidgetItem", "literal_tip", "selectable", "notify", "tell",
}  # fmt: skip
WORDS_BY_NAME = {"text", "title", "toolTip", "placeholderText", "windowTitle", "accessibleName", "statusTip"}
#: What is not translated, and why: the program's own name, names of formats and units, an example of an address list.
EXCEPTIONS = {"Sluice", "kB", "MB", "KB", "B", "USD", "Python", "Qt", "http://", "intranet, example.org, 10.0.0.0/8"}
_WORD = re.compile(r"[A-Za-z]{2,}")


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """packaging/languages.py."""
    return runpy.run_path(str(ROOT / "packaging" / "languages.py"))


def test_the_template_has_every_sentence(script: dict[str, Any]) -> None:
    """If this fails: python packaging/languages.py"""
    assert (FOLDER / "sluice.pot").read_text("utf-8") == script["template"]()


def test_german_is_complete_and_its_placeholders_are_those_of_the_source(script: dict[str, Any]) -> None:
    """If this fails: python packaging/languages.py, then translate what is empty in resources/languages/de.po"""
    assert list(script["problems"]((FOLDER / "de.po").read_text("utf-8"))) == []


def test_the_script_tells_what_is_wrong(script: dict[str, Any]) -> None:
    text = script["template"]().replace('"Language: \\n"', '"Language: xx\\n"')
    entries = list(po.entries(text))
    done = next(e for e in entries[1:] if e.source == "Saved as {name}.")
    done.said = ["Gespeichert als {wer}."]
    entries.append(po.Entry("Nobody says this", said=["Das sagt niemand"]))
    found = list(script["problems"](po.written(entries)))
    assert "other placeholders: 'Gespeichert als {wer}.'" in found
    assert "obsolete: 'Nobody says this'" in found
    assert "missing: 'Send'" in found
    assert not any("Saved as" in line for line in found if line.startswith("missing"))


def test_a_merge_keeps_what_was_translated(script: dict[str, Any]) -> None:
    old = po.written([
        po.Entry(said=["Language: xx\n"]),
        po.Entry("Send", said=["Sendu"], comments=["# a button", "#: old/place.py"]),
        po.Entry("Nobody says this", said=["Das sagt niemand"]),
    ])  # fmt: skip
    merged = {entry.source: entry for entry in po.entries(script["merged"](old))}
    assert merged["Send"].said == ["Sendu"]
    assert merged["Send"].comments[0] == "# a button"
    assert "#: old/place.py" not in merged["Send"].comments
    assert merged["Stop"].said == [""]
    assert "Nobody says this" not in merged


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.po*")), ids=lambda f: f.name)
def test_gettext_takes_the_files(file: Path) -> None:
    if shutil.which("msgfmt") is None:
        pytest.skip("gettext is not installed")
    done = subprocess.run(["msgfmt", "-c", "-o", "/dev/null", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_bundle_keeps_qts_own_words_of_these_languages() -> None:
    keep = runpy.run_path(str(ROOT / "packaging" / "cut.py"))["keep"]
    for name, kept in (("qtbase_de.qm", True), ("qtbase_fr.qm", False), ("designer_de.qm", False)):
        place = f"PySide6/Qt/translations/{name}"
        assert keep(place, f"/env/lib/{place}", "whole", ("/env",)) is kept, name


def test_every_sentence_can_be_collected() -> None:
    """`tr` and `trn` get a literal, or a constant that was marked; never an f-string."""
    for file in FILES:
        for call in calls(ast.parse(file.read_text("utf-8")), TRANSLATING):
            wanted = call.args[: 2 if name_of(call) == "trn" else 1]
            assert not any(isinstance(arg, ast.JoinedStr | ast.BinOp) for arg in wanted), f"{file}:{call.lineno}"
            if name_of(call) in ("trn", "mark"):
                assert all(isinstance(arg, ast.Constant) for arg in wanted), f"{file}:{call.lineno}"


def test_no_constant_freezes_a_language() -> None:
    """At import time no language is chosen yet, so nothing is translated there."""
    for file in FILES:
        tree = ast.parse(file.read_text("utf-8"))
        inside = {id(call) for f in functions(tree) for part in bodies(f) for call in calls(part, {"tr", "trn"})}
        early = [call.lineno for call in calls(tree, {"tr", "trn"}) if id(call) not in inside]
        assert early == [], file


@pytest.mark.parametrize("file", SHOWN, ids=lambda f: f.stem)
def test_no_words_of_the_window_escape_translation(file: Path) -> None:
    tree = ast.parse(file.read_text("utf-8"))
    demo = {id(n) for f in functions(tree) if getattr(f, "name", "") == "_demo" for n in ast.walk(f)}
    plain = [
        f"{text.lineno}: {text.value!r}"
        for call in ast.walk(tree) if isinstance(call, ast.Call) and id(call) not in demo
        for shown in what_is_shown(call) for text in literals(shown)
        if _WORD.search(text.value) and text.value.strip(" .,:·—()") not in EXCEPTIONS
    ]  # fmt: skip
    assert plain == []


def what_is_shown(call: ast.Call) -> Iterator[ast.expr]:
    if name_of(call) in SHOWING:
        yield from call.args
    if name_of(call) not in TRANSLATING:
        yield from (word.value for word in call.keywords if word.arg in WORDS_BY_NAME)


def literals(node: ast.AST) -> Iterator[Any]:
    """The texts in an expression, but not what other calls are given."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    elif not isinstance(node, ast.Call | ast.Compare | ast.Subscript | ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from literals(child)


def calls(tree: ast.AST, names: set[str]) -> Iterator[ast.Call]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.Call) and name_of(n) in names)


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def functions(tree: ast.AST) -> Iterator[Any]:
    return (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))


def bodies(function: Any) -> list[ast.AST]:
    return function.body if isinstance(function.body, list) else [function.body]
