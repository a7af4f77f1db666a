"""How a run ended, told apart for people, and what can be done about each ending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from desktop.core.capabilities import Capabilities
from desktop.core.conversation import EndItem, RunState

Kind = Literal[
    "whole", "stopped", "cut", "refused", "failed", "timed out", "unknown",  # of a run that has ended
    "waiting", "limit", "calls", "interrupted",
]  # fmt: skip
Remedy = Literal["look up", "send again", "key", "connection", "doctor"]
_GATEWAYS = (502, 504, 524)  # something between gave up; the agent behind it may not have
NEVER_SENT = ("connect", "unreached", "address", "proxy", "certificate", "tls")


@dataclass(frozen=True, slots=True)
class Ways:
    """What a person can do after an ending; `twice` says that the server may have done the work already, so that
    sending again may do it a second time."""

    remedies: tuple[Remedy, ...]
    twice: bool = False


def kind_of(end: EndItem | RunState) -> Kind:
    """Which of the endings it is. A run that goes on counts as whole."""
    if end.reason == "interrupted":
        return "interrupted"
    match end.status:
        case "failed":
            return _failed(end)
        case "cut":
            return "timed out" if end.reason in ("timeout", "silence") else "cut"
        case "cancelled":
            return "stopped"
        case "waiting" | "limit" | "calls" | "refused":
            return end.status
    return "whole"


def _failed(end: EndItem | RunState) -> Kind:
    code = end.error.code if end.error else None
    http = (end.error.http if end.error else None) or 0
    if "timeout" in (end.reason, code) or code == "unreached" or http == 408:
        return "timed out"
    if code == "network" or http in _GATEWAYS:
        return "unknown"
    return "refused" if 400 <= http < 500 else "failed"


def ways_on(end: EndItem | RunState, can: Capabilities) -> Ways:
    """What to offer."""
    kind = kind_of(end)
    code = (end.error.code if end.error else None) or ""
    if kind in ("whole", "waiting", "calls"):
        return Ways(())
    again: tuple[Remedy, ...] = ("send again",)
    if code in NEVER_SENT:
        return Ways((*again, "connection", "doctor"))
    if code in ("key", "forbidden"):
        return Ways(("key", *again))
    if code in ("no-stream", "redirect", "not-found"):
        return Ways(("connection", "doctor", *again))
    if kind in ("refused", "limit"):
        return Ways(again)
    look: tuple[Remedy, ...] = () if can.rejoin == "none" or kind == "stopped" else ("look up",)
    doctor: tuple[Remedy, ...] = ("doctor",) if kind in ("cut", "unknown", "timed out") else ()
    return Ways((*look, *again, *doctor), twice=kind != "failed")
