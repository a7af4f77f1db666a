"""What a start of the program was asked for, and how a second start hands it over to the first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from desktop.core.requests import Connection, Secrets


@dataclass(frozen=True)
class Asked:
    """`given` is a connection for this run only; `file` a recording to open, `protocol` that of an answer in it."""

    given: tuple[Connection, Secrets] | None = None
    file: Path | None = None
    protocol: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As an object for another process of the same person: with the secrets."""
        message: dict[str, Any] = {"file": str(self.file.absolute()) if self.file else None, "protocol": self.protocol}
        if self.given is not None:
            from desktop.services.keys.profiles import connection_to_json

            connection, secrets = self.given
            message["connection"] = connection_to_json(connection)
            message["key"], message["extra"] = secrets.key, dict(secrets.extra)
        return message

    @staticmethod
    def from_json(message: dict[str, Any]) -> Asked:
        """What `to_json` made. Raises ValueError or TypeError for anything else."""
        from desktop.core.requests import Secrets
        from desktop.services.keys.profiles import connection_from_json

        given = None
        if message.get("connection"):
            place = connection_from_json(message["connection"])
            given = place, Secrets(message.get("key"), message.get("extra") or {})
        file = Path(message["file"]) if message.get("file") else None
        return Asked(given, file, message.get("protocol"))
