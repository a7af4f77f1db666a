"""Our error tree. Each error carries one headline for people and a detail for the log, never a key.

    SluiceError
    ├── NotSendable        the prompt cannot go to this agent (pictures, missing field)
    ├── ConnectionFailed   nothing was sent, or nothing came back
    │   ├── TlsFailed      the server's certificate was not accepted
    │   └── TimedOut       no answer within the time allowed
    ├── StreamBroken       the body stopped in the middle
    ├── KeyringTrouble     the OS keyring is missing, locked or refused
    └── StoreTrouble       the history file cannot be used
"""

from __future__ import annotations


class SluiceError(Exception):
    """An error with a `headline` fit for a person's eyes and a `detail` for the log."""

    code = "error"

    def __init__(self, headline: str, detail: str = "", code: str | None = None) -> None:
        super().__init__(headline)
        self.headline = headline
        self.detail = detail
        self.code = code or type(self).code


class NotSendable(SluiceError):
    """The prompt cannot be sent to this agent as it is."""

    code = "not_sendable"


class ConnectionFailed(SluiceError):
    """No connection, or no answer on it; the request cannot have run."""

    code = "connect"


class TlsFailed(ConnectionFailed):
    """The server's certificate was not accepted."""

    code = "tls"


class TimedOut(ConnectionFailed):
    """The server did not answer in the time allowed."""

    code = "timeout"


class StreamBroken(SluiceError):
    """The body stopped in the middle: the server may still be working."""

    code = "network"


class KeyringTrouble(SluiceError):
    """The OS keyring is missing, locked, or refused."""

    code = "keyring"


class StoreTrouble(SluiceError):
    """The history store cannot be opened or written."""

    code = "store"
