"""The rules that a person made: kept in one private file, counted, revocable, and off until they are turned on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from desktop.core.asks.rules import Rule, covers
from desktop.core.conversation import AskItem
from desktop.core.errors import StoreTrouble
from desktop.core.language import mark, tr
from desktop.services.habits.jsonfile import JsonFile

_BETWEEN = 1.0  # seconds between two writes of mere counts
_FIELDS: dict[str, tuple[type, ...]] = {
    "id": (str,), "allow": (bool,), "server": (str,), "tool": (str,), "args": (dict,), "pattern": (bool,),
    "made": (int, float), "hits": (int,), "last": (int, float, type(None)),
}  # fmt: skip


class Rules:
    """All rules, oldest first. Those for one conversation live as long as the program and are never written.

    `trouble` is None, or one sentence about the file for people."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = JsonFile(path, mark("rules")), clock
        self._rules: list[Rule] = []
        self._saved_at = 0.0
        self._dirty = False
        data = self._file.load()
        self.trouble = self._file.trouble
        self.on = data.get("on") is True
        entries = data.get("rules", [])
        for entry in entries if isinstance(entries, list) else [None]:
            self._take(entry)

    def all(self) -> tuple[Rule, ...]:
        """The rules as they are now."""
        return tuple(self._rules)

    def turn(self, on: bool) -> None:
        """Let the rules answer, or not."""
        self.on = on
        self._save()

    def add(
        self, *, allow: bool, server: str, tool: str, args: Mapping[str, Any], pattern: bool, session: str | None
    ) -> Rule:
        """Make a rule. It answers what comes from now on."""
        rule = Rule(str(uuid.uuid4()), allow, server, tool, dict(args), pattern, session, self._clock())
        self._rules.append(rule)
        self._save()
        return rule

    def remove(self, rule: Rule) -> None:
        """Revoke a rule."""
        self._rules = [other for other in self._rules if other.id != rule.id]
        self._save()

    def decide(self, server: str, session: str, item: AskItem) -> Rule | None:
        """The rule that answers this ask, or None. A refusal goes before a permission."""
        if not self.on or not server:
            return None
        found = [rule for rule in self._rules if covers(rule, server, session, item)]
        return min(found, key=lambda rule: rule.allow, default=None)

    def count(self, rule: Rule) -> None:
        """The rule has answered."""
        rule.hits, rule.last, self._dirty = rule.hits + 1, self._clock(), True
        if self._clock() - self._saved_at > _BETWEEN:
            self._save()

    def close(self) -> None:
        """Write counts that were not written yet."""
        if self._dirty:
            self._save()

    # ---- the file

    def _take(self, entry: Any) -> None:
        good = isinstance(entry, dict) and all(
            name in entry and isinstance(entry[name], types) for name, types in _FIELDS.items()
        )
        if good:
            self._rules.append(Rule(**{name: entry[name] for name in _FIELDS}))
        else:
            self.trouble = tr("Some rules could not be understood and are not in effect.")

    def _save(self) -> None:
        kept = [asdict(rule) for rule in self._rules if rule.session is None]
        rules = [{name: rule[name] for name in _FIELDS} for rule in kept]
        try:
            self._file.save({"on": self.on, "rules": rules})
        except StoreTrouble as error:
            self.trouble = error.headline
        else:
            self.trouble, self._saved_at, self._dirty = None, self._clock(), False
