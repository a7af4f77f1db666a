"""The audit list: whole, private, and there after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from desktop.core.asks.arguments import ask_digest
from desktop.core.conversation import AskItem
from desktop.core.requests import Answer, HttpCall
from desktop.services.approvals.audit import AuditLog, Place

HERE = Place("s1", "Plan", "http://127.0.0.1:9")


def item(ask: str = "a1", **more: object) -> AskItem:
    return AskItem("i", 0, 0.0, ask=ask, tool="rm", args={"path": "/x"}, text="tidy", **more)  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "decisions.jsonl"


def test_a_decision_is_told_from_showing_to_reply(path: Path) -> None:
    log, asked = AuditLog(path, clock=iter(range(100, 200)).__next__), item()
    digest = ask_digest(asked)
    call = HttpCall(
        "POST", "http://user:pw@127.0.0.1:9/approve?key=secret", {"X-API-Key": "secret"}, {"approved": True}
    )
    assert log.shown(HERE, asked) is None
    assert log.shown(HERE, asked) is None  # the same again is no news
    log.decided(HERE, Answer("a1", allow=True, note="fine", shown=digest))
    log.sent(HERE, "a1", call)
    log.came_back(HERE, "a1", 200, "ok")
    log.closed(HERE, "a1", "answered", "approved")
    [entry] = AuditLog(path).entries()
    assert (entry.place, entry.tool, entry.args, entry.text, entry.digest) == (
        HERE,
        "rm",
        {"path": "/x"},
        "tidy",
        digest,
    )
    assert (entry.shown_at, entry.decision, entry.by, entry.answer) == (100, "allow", "person", {"note": "fine"})
    assert entry.sent == [(102, "POST", "http://127.0.0.1:9/approve", {"approved": True})]
    assert entry.came_back == [(103, 200, "ok")] and entry.how == "answered"
    assert b"secret" not in path.read_bytes() and b"pw" not in path.read_bytes()


def test_a_changed_ask_is_an_entry_of_its_own(path: Path) -> None:
    log, asked = AuditLog(path), item()
    log.shown(HERE, asked)
    asked.args = {"path": "/y"}
    log.shown(HERE, asked)
    log.decided(HERE, Answer("a1", allow=False, shown=ask_digest(asked)), by="rule: never delete")
    first, second = log.entries()
    assert first.decision is None and (second.decision, second.by) == ("deny", "rule: never delete")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_nobody_else_can_read_it(path: Path) -> None:
    AuditLog(path).shown(HERE, item())
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_it_survives_a_kill(path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from desktop.core.conversation import AskItem
from desktop.core.requests import Answer
from desktop.services.approvals.audit import AuditLog, Place
log, place = AuditLog(Path({str(path)!r})), Place("s1")
for n in range(50):
    log.shown(place, AskItem("i", 0, 0.0, ask=str(n), args={{"n": n}}))
    log.decided(place, Answer(str(n), allow=True))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -signal.SIGKILL
    log = AuditLog(path)
    entries = log.entries()
    assert [(entry.args, entry.decision) for entry in entries] == [({"n": n}, "allow") for n in range(50)]
    assert log.damaged == 0


def test_a_line_that_was_cut_costs_one_line(path: Path) -> None:
    AuditLog(path).shown(HERE, item("a1"))
    with path.open("ab") as file:
        file.write(b'{"at": 1, "what": "dec')
    log = AuditLog(path)
    log.shown(HERE, item("a2"))
    assert [entry.ask for entry in log.entries()] == ["a1", "a2"] and log.damaged == 1


@pytest.mark.parametrize(
    "junk",
    [b"[]\n", b"null\n", b"\xff\xfe\n", b'{"what": "shown"}\n', b'{"at":1,"what":"x","session":"s","ask":"a"}\n'],
)
def test_junk_is_counted_and_left_out(path: Path, junk: bytes) -> None:
    AuditLog(path).shown(HERE, item())
    path.write_bytes(junk + path.read_bytes())
    log = AuditLog(path)
    assert any(entry.tool == "rm" for entry in log.entries()) and log.damaged == 1


def test_a_file_that_cannot_be_written_is_told_and_nothing_is_raised(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log = AuditLog(tmp_path / "file" / "decisions.jsonl")
    assert "could not be written" in (log.shown(HERE, item()) or "")
    assert log.entries() == []


def test_odd_values_are_kept(path: Path) -> None:
    deep: list[object] = ["end"]
    for _ in range(3_000):
        deep = [deep]
    log = AuditLog(path)
    assert log.shown(HERE, AskItem("i", 0, 0.0, ask="a", args={"deep": deep, "half": "\ud800"})) is None
    assert log.entries()[0].ask == "a" and b"end" in path.read_bytes()
