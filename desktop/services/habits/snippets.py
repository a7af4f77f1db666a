"""Prompts that a person uses again and again: a name and a text each, in one file."""

from __future__ import annotations

from desktop.core.errors import StoreTrouble
from desktop.core.language import mark, tr
from desktop.services.habits.jsonfile import JsonFile
from desktop.services.paths import Paths

#: what is there before the person has written any
_USUAL = {
    mark("explain"): mark("Explain this step by step, and say which parts you are not sure of:\n\n"),
    mark("shorter"): mark("Say the same in a third of the words."),
    mark("review"): mark("Review this for mistakes. List them by weight, with a fix for each:\n\n"),
}


class Snippets:
    """`all` maps names (no spaces) to texts. `trouble` is None, or one sentence on what is wrong with the file."""

    def __init__(self, paths: Paths) -> None:
        self._file = JsonFile(paths.settings_file.with_name("snippets.json"), mark("snippets"))
        stored = self._file.load()
        self.trouble = self._file.trouble
        given = stored.get("snippets")
        known = given if isinstance(given, dict) else {tr(name): tr(text) for name, text in _USUAL.items()}
        self.all = {str(name): text for name, text in known.items() if isinstance(text, str)}

    def matching(self, start: str) -> list[str]:
        """The names that begin so, then those that have it inside."""
        wanted = start.lower()
        found = [name for name in sorted(self.all) if wanted in name.lower()]
        return sorted(found, key=lambda name: not name.lower().startswith(wanted))

    def keep(self, snippets: dict[str, str]) -> None:
        """Replace them all. Raises StoreTrouble; they then hold for this run."""
        self.all = {"-".join(name.split()): text for name, text in snippets.items() if name.split() and text}
        try:
            self._file.save({"snippets": self.all})
        except StoreTrouble as error:
            self.trouble = error.headline
            raise
