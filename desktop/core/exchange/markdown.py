"""A conversation as Markdown."""

from __future__ import annotations

import re

from desktop.core.conversation import Conversation
from desktop.core.exchange.sections import Parts, Section, When, sections
from desktop.core.language import tr

_BREAK = "\\"
_BEGINS = re.compile(r"^(\d*)([-+.)=])")


def as_markdown(title: str, conversation: Conversation, parts: Parts, agent: str, when: When) -> str:
    """The whole as Markdown that any reader shows as it was meant: what is not Markdown is fenced or escaped."""
    out = [f"# {escaped_line(title)}"]
    out += [_markdown(section) for section in sections(conversation, parts, agent, when)]
    return "\n\n".join(filter(None, out)) + "\n"


def _markdown(section: Section) -> str:
    match section.kind:
        case "heading":
            return f"## {escaped_line(section.text)}"
        case "speaker":
            return f"**{escaped_line(section.text)}**"
        case "markdown":
            return section.text
        case "literal":
            names = [f"*{tr('Picture: {name}', name=escaped_line(image.name))}*" for image in section.images]
            return "\n\n".join([*([_quoted(section.text)] if section.text else []), *names])
        case "details":
            return f"**{escaped_line(section.title)}**" + (f"\n\n{_fenced(section.text)}" if section.text else "")
    return f"*{escaped_line(section.text)}*"


def _quoted(text: str) -> str:
    """The person's words line by line, as a quotation that keeps them literal."""
    lines = text.split("\n")
    following = [*(line.strip() for line in lines[1:]), ""]
    pairs = zip(lines, following, strict=True)
    return "\n".join(f"> {_literal(line)}{_BREAK if after else ''}" if line.strip() else ">" for line, after in pairs)


def _literal(line: str) -> str:
    """One line that begins no list, heading or code."""
    inner = line.lstrip(" \t")
    indent = "&nbsp;" * (len(line.expandtabs(4)) - len(inner.expandtabs(4)))
    return indent + _BEGINS.sub(r"\1\\\2", _escaped(inner))


def _fenced(text: str) -> str:
    """Literal text in a fence that is longer than any inside."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#|~$" else letter for letter in text)


def escaped_line(text: str) -> str:
    """A text as one line that is shown as it is."""
    return _escaped(" ".join(text.split()))
