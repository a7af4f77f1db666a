"""The command line. Parses, and hands over to the window or to the headless commands; imports neither before."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop import __version__
from desktop.core.adapters import PROTOCOLS, adapter_class

if TYPE_CHECKING:  # a window's start pays for nothing it does not need yet
    from desktop.core.capabilities import Field
    from desktop.core.requests import Connection, Secrets


class Usage(Exception):
    """The command line does not make sense; the text says why."""


def run(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status of the outside contract."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:
        return 1 if stop.code not in (0, None) else 0
    try:
        return int(options.act(options))
    except Usage as error:
        print(f"sluice: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def connection_of(options: argparse.Namespace) -> tuple[Connection, Secrets]:
    """The connection and secrets that the options name. Raises Usage."""
    from desktop.core.requests import Connection, Secrets

    if not options.url:
        raise Usage("--url is missing: the address of the agent's server.")
    cls = adapter_class(options.protocol)
    fields = {field.name: field for field in cls.can.fields}
    plain: dict[str, Any] = {}
    extra: dict[str, str] = {}
    for pair in options.set or []:
        name, eq, text = pair.partition("=")
        if not eq or name not in fields:
            known = ", ".join(fields) or "none"
            raise Usage(f"--set {pair}: wanted FIELD=VALUE, and the fields of {cls.name} are: {known}.")
        if fields[name].kind == "secret":
            extra[name] = os.environ.get(text.removeprefix("env:"), "") if text.startswith("env:") else text
        else:
            plain[name] = value_of(fields[name], text)
    key = None
    if options.key_env:
        key = os.environ.get(options.key_env)
        if not key:
            raise Usage(f"--key-env {options.key_env}: there is no such environment variable, or it is empty.")
    return Connection(options.protocol, options.url, options.agent, plain), Secrets(key, extra)


def value_of(field: Field, text: str) -> Any:
    """The value of a field as typed. Raises Usage with the reason."""
    try:
        match field.kind:
            case "bool":
                return {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False,
                        "off": False}[text.lower()]  # fmt: skip
            case "number":
                number = float(text)
                return int(number) if number.is_integer() else number
            case "json":
                return json.loads(text)
            case "choice" if text not in field.choices:
                raise ValueError(f"one of {', '.join(field.choices)}")
    except (ValueError, KeyError) as error:
        raise Usage(f"--set {field.name}={text}: this is no {field.kind} ({error}).") from error
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sluice", description="A native desktop chat for streaming agents.")
    parser.add_argument("--version", action="version", version=f"sluice {__version__}")
    parser.add_argument("--self-test", action="store_true", help="start, show a window once, print versions, end")
    _add_place(parser)
    _add_connection(parser)
    parser.set_defaults(act=_window, file=None, replayed=None)
    commands = parser.add_subparsers(title="commands", metavar="")
    opened = commands.add_parser("open", help="the window, replaying a recording")
    opened.add_argument("file", type=Path, nargs="?", help="without one, just the window: how desktops start it")
    opened.add_argument("--protocol", dest="replayed", choices=PROTOCOLS, metavar="P", help="of a .http file")
    _add_place(opened, inherit=True)
    opened.set_defaults(act=_window)
    _add_ask(commands)
    _add_replay(commands)
    listed = commands.add_parser("protocols", help="the protocols built in, with what each can do")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(act=_protocols)
    return parser


def _add_place(parser: argparse.ArgumentParser, inherit: bool = False) -> None:
    default = argparse.SUPPRESS if inherit else None
    parser.add_argument("--data-dir", type=Path, metavar="DIR", default=default, help="keep everything under DIR")


def _add_connection(parser: argparse.ArgumentParser, need: bool = False) -> None:
    parser.add_argument("--protocol", choices=PROTOCOLS, required=need, metavar="P", help=", ".join(PROTOCOLS))
    parser.add_argument("--url", metavar="U", required=need, help="the address of the agent's server")
    parser.add_argument("--agent", metavar="A", help="the agent or model")
    parser.add_argument("--key-env", metavar="NAME", help="the environment variable that holds the key")
    parser.add_argument("--set", action="append", metavar="FIELD=VALUE", help="one of the protocol's own settings")


def _add_ask(commands: Any) -> None:
    ask = commands.add_parser("ask", help="one turn without a window: the answer on standard output")
    _add_connection(ask, need=True)
    ask.add_argument("--image", action="append", type=Path, metavar="FILE", default=[])
    ask.add_argument("--session", metavar="ID", help="go on with this session of the server's")
    ask.add_argument("--decide", choices=("ask", "allow", "deny"), default="ask")
    ask.add_argument("--timeout", type=float, metavar="S", help="give up after S seconds")
    ask.add_argument("--json", action="store_true", help="one JSON object a line for every event")
    ask.add_argument("--verbose", action="store_true", help="details of errors")
    ask.add_argument("--record", type=Path, metavar="FILE", help="keep what goes over the wire, without secrets")
    _add_tests(ask)
    ask.add_argument("message", help="what to say; - reads standard input")
    ask.set_defaults(act=_ask)


def _add_tests(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--expect", type=Path, metavar="FILE", help="hold the run against FILE; exit 7 if it fails")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the verdict as JUnit XML")


def _add_replay(commands: Any) -> None:
    replay = commands.add_parser("replay", help="the same from recordings, without a network")
    replay.add_argument("--protocol", choices=PROTOCOLS, metavar="P", help="of .http files; else it is found out")
    replay.add_argument("--json", action="store_true")
    replay.add_argument("--speed", default="max", metavar="max|real|N", help="of the recorded time")
    replay.add_argument("--verbose", action="store_true")
    replay.add_argument("--compare", type=Path, metavar="FILE", help="tell what differs from FILE; exit 8 if anything")
    _add_tests(replay)
    replay.add_argument("files", nargs="+", type=Path, metavar="FILE")
    replay.set_defaults(act=_replay)


def _window(options: argparse.Namespace) -> int:
    from desktop.services.habits import languages
    from desktop.services.system.preflight import trouble

    languages.start()
    if words := trouble():
        print(f"sluice: {words}", file=sys.stderr)
        return 1
    given = connection_of(options) if options.protocol else None
    if options.url and not options.protocol:
        raise Usage("--url needs --protocol beside it.")
    gc.disable()  # nothing that the start loads is rubbish; the window collects from then on
    from desktop.app import main
    from desktop.ui.system.asked import Asked

    return main(options.data_dir, Asked(given, options.file, options.replayed), options.self_test)


def _ask(options: argparse.Namespace) -> int:
    from desktop.headless import ask

    _speak(options)
    connection, secrets = connection_of(options)
    return ask(connection, secrets, options)


def _replay(options: argparse.Namespace) -> int:
    from desktop.headless_replay import replay

    _speak(options)
    return replay(options)


def _speak(options: argparse.Namespace) -> None:
    """The language of the environment; what programs read stays in English."""
    if not options.json:
        from desktop.services.habits import languages

        languages.start()


def _protocols(options: argparse.Namespace) -> int:
    from desktop.headless import protocols

    return protocols(options.json)
