"""One table of everything that can be commanded: menus, the palette and the sheet of shortcuts read it.

A person's own keys are kept in the settings by the command's id; "" takes a command's keys away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence

from desktop.core.language import tr

Keys = QKeySequence.StandardKey


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be commanded. `more` are other words under which the palette finds it. Both are collected for
    translation as they stand here."""

    id: str
    words: str
    menu: str
    keys: str | Keys | None = None
    more: str = ""

    @property
    def said(self) -> str:
        """`words` in the person's language."""
        return tr(self.words)


COMMANDS = (
    Command("new_tab", "New tab", "Chat", Keys.AddTab, "conversation"),
    Command("close_tab", "Close tab", "Chat", Keys.Close),
    Command("reopen_tab", "Reopen closed tab", "Chat", "Ctrl+Shift+T", "undo close"),
    Command("rename_tab", "Rename this conversation", "Chat", "F2", "title"),
    Command("pin_tab", "Pin or unpin this conversation", "Chat", None, "keep"),
    Command("duplicate_tab", "Duplicate this conversation", "Chat", None, "copy fork"),
    Command("close_others", "Close the other tabs", "Chat"),
    Command("detach_tab", "Move this tab to a window of its own", "Chat", None, "detach"),
    Command("beside", "Show this tab beside the others", "Chat", "Ctrl+\\", "split side"),
    Command("export", "Export this conversation…", "Chat", "Ctrl+Shift+E", "save markdown html json pdf print"),
    Command("import", "Import conversations…", "Chat", None, "chatgpt claude json zip"),
    Command("connections", "Connection of this tab…", "Chat", "Ctrl+K"),
    Command("add_connection", "Add a connection…", "Chat", None, "agent server"),
    Command("secrets", "Connections and keys…", "Chat", None, "secrets keyring password certificate proxy forget"),
    Command("rules", "Rules…", "Chat", None, "approvals always allow"),
    Command("audit", "List of decisions…", "Chat", None, "audit approvals"),
    Command("open_recording", "Open a recording…", "Chat", None, "replay"),
    Command("compare", "Compare two recordings…", "Chat", None, "diff replay"),
    Command("tour", "See what agents do", "Chat", None, "demo recordings"),
    Command("snippets", "Snippets…", "Chat", None, "slash prompts"),
    Command("settings", "Settings…", "Chat", "Ctrl+,", "preferences options colours theme"),
    Command("quit", "Quit", "Chat", Keys.Quit, "exit"),
    Command("stop", "Stop the run", "Turn", "Ctrl+.", "cancel"),
    Command("resend", "Send the last message again", "Turn", "Ctrl+R", "retry regenerate"),
    Command("edit_last", "Edit the last message", "Turn", "Ctrl+Shift+Up"),
    Command("older_version", "Show the version before", "Turn", "Alt+Left", "branch"),
    Command("newer_version", "Show the next version", "Turn", "Alt+Right", "branch"),
    Command("next_ask", "Next request that waits for you", "Turn", "Ctrl+J", "approval"),
    Command("write", "Write a message", "Turn", "Ctrl+L", "focus composer"),
    Command("find", "Find in conversation", "View", Keys.Find),
    Command("search_all", "Search all conversations", "View", "Ctrl+Shift+F", "history"),
    Command("palette", "All commands…", "View", "Ctrl+Shift+P", "palette"),
    Command("next_tab", "Next tab", "View", "Ctrl+Tab"),
    Command("previous_tab", "Previous tab", "View", "Ctrl+Shift+Tab"),
    Command("sidebar", "Show or hide conversations", "View", "Ctrl+B", "history sidebar"),
    Command("thinking", "Show or hide thinking", "View", "Ctrl+Shift+H", "thoughts reasoning"),
    Command("activity", "Show or hide activity", "View", "Ctrl+Shift+A", "tools agents"),
    Command("wire", "Show or hide the wire", "View", "Ctrl+Shift+I", "requests frames network inspect"),
    Command("timeline", "Show or hide the timeline", "View", "Ctrl+Shift+L", "lanes durations tokens when"),
    Command("zoom_in", "Larger text", "View", Keys.ZoomIn),
    Command("zoom_out", "Smaller text", "View", Keys.ZoomOut),
    Command("zoom_reset", "Ordinary text size", "View", "Ctrl+0"),
    Command("usage", "Tokens and cost…", "View", None, "usage context"),
    Command("shortcuts", "Keyboard shortcuts…", "View", "Ctrl+/", "keys sheet"),
    Command("about", "About Sluice…", "View", None, "version licences"),
)
BY_ID = {command.id: command for command in COMMANDS}


class Shortcuts:
    """The keys of every command, the person's own first. `own` maps ids to portable texts of key sequences."""

    def __init__(self, own: Mapping[str, str]) -> None:
        self.own = {name: keys for name, keys in own.items() if name in BY_ID}

    def keys(self, name: str) -> QKeySequence:
        """The keys of a command; empty if it has none."""
        if name in self.own:
            return QKeySequence.fromString(self.own[name], QKeySequence.SequenceFormat.PortableText)
        return usual(name)

    def change(self, name: str, keys: QKeySequence) -> None:
        """Other keys for a command; its usual ones are stored as nothing."""
        if keys == usual(name):
            self.own.pop(name, None)
        else:
            self.own[name] = keys.toString(QKeySequence.SequenceFormat.PortableText)

    def holder(self, keys: QKeySequence, but: str = "") -> str | None:
        """The other command that has these keys."""
        return next((n for n in BY_ID if n != but and not keys.isEmpty() and self.keys(n) == keys), None)


def usual(name: str) -> QKeySequence:
    """The keys of a command as they come."""
    keys = BY_ID[name].keys
    if keys is None:
        return QKeySequence()
    if isinstance(keys, str):
        return QKeySequence(keys)
    found = QKeySequence.keyBindings(keys)
    return found[0] if found else QKeySequence()
