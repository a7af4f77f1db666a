"""A conversation as one HTML file that fetches nothing and runs nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from desktop.core import language
from desktop.core.conversation import Conversation
from desktop.core.exchange.sections import Parts, Section, When, sections
from desktop.core.language import tr
from desktop.core.requests import Image

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SCHEMES = ("http://", "https://", "mailto:", "#")
_STYLE = """
:root { color-scheme: light dark; --page: #fdfcfa; --text: #1f2328; --muted: #61666d; --tint: #eeece6; --line: #d5d2cb }
@media (prefers-color-scheme: dark) {
  :root { --page: #212426; --text: #e4e3df; --muted: #a2a7ad; --tint: #2a2e31; --line: #3a3e42 }
}
body { background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto;
  max-width: 44rem; padding: 0 1rem; overflow-wrap: anywhere }
h1 { font-size: 1.5rem } h2 { font-size: .85rem; color: var(--muted); font-weight: 600; margin: 2rem 0 .5rem }
.speaker { font-size: .85rem; color: var(--muted); font-weight: 600; margin: 1.2rem 0 -.6rem }
.said { background: var(--tint); border-radius: 10px; padding: .8rem 1rem; white-space: pre-wrap }
.said img { max-width: 100%; max-height: 20rem; display: block; margin-top: .6rem; border-radius: 6px }
pre { background: var(--tint); border-radius: 8px; padding: .7rem .9rem; overflow-x: auto; font-size: .86rem }
details { margin: .6rem 0; color: var(--muted) } details pre { white-space: pre-wrap }
summary { cursor: pointer } .note { color: var(--muted); font-size: .9rem }
table { border-collapse: collapse } td, th { border: 1px solid var(--line); padding: .3rem .6rem }
blockquote { border-left: 3px solid var(--line); margin-left: 0; padding-left: 1rem; color: var(--muted) }
a { color: inherit }
@media print { details > * { display: block } body { margin: 0; max-width: none } }
"""
_PAPER = """
body { font-size: 10pt } h1 { font-size: 16pt } .turn { font-size: 9pt; color: #61666d; margin-top: 16pt }
.speaker { font-size: 9pt; color: #61666d }
.said { background-color: #eeece6; white-space: pre-wrap } .note { color: #61666d; font-size: 9pt }
pre { background-color: #f3f1ec; font-size: 8.5pt; white-space: pre-wrap } blockquote { color: #61666d }
code { font-size: 9pt }
"""
_PAPER_TABLE = '<table border="1" cellspacing="0" cellpadding="4" style="border-collapse: collapse">'
_BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def as_html(
    title: str,
    conversation: Conversation,
    parts: Parts,
    agent: str,
    when: When,
    paper: bool = False,
) -> str:
    """The whole as one HTML file without scripts that fetches nothing. `paper` shows details at once and keeps to the
    little CSS that a text document knows."""
    pieces = (_html(section, paper) for section in sections(conversation, parts, agent, when))
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        f'<!doctype html>\n<html lang="{language.code()}"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width"><style>{_PAPER if paper else _STYLE}</style></head>\n'
        f"<body><h1>{escape(title)}</h1>\n" + "\n".join(pieces) + "\n</body></html>\n"
    )


def _html(section: Section, paper: bool) -> str:
    text = escape(section.text)
    match section.kind:
        case "heading" if paper:
            return f'<p class="turn"><b>{text}</b></p>'
        case "heading":
            return f"<h2>{text}</h2>"
        case "speaker":
            return f'<h3 class="speaker" dir="auto">{text}</h3>'
        case "markdown":
            shown = _rendered(section.text)
            shown = shown.replace("<table>", _PAPER_TABLE) if paper else shown
            return f'<div class="answer" dir="auto">{shown}</div>'
        case "literal" if paper:
            return f'<p class="said">{text}</p>' + "".join(f"<p>{_picture(image)}</p>" for image in section.images)
        case "literal":
            return f'<div class="said" dir="auto">{text}{"".join(map(_picture, section.images))}</div>'
        case "details" if paper:
            return f'<p class="note">{escape(section.title)}</p><pre>{text}</pre>'
        case "details":
            return f"<details><summary>{escape(section.title)}</summary><pre>{text}</pre></details>"
    return f'<p class="note">{text}</p>'


def _picture(image: Image) -> str:
    if image.media not in _TYPES:
        return f"<p>{escape(image.name)}</p>"
    return f'<img alt="{escape(image.name)}" src="data:{image.media};base64,{b64encode(image.data).decode()}">'


def _rendered(text: str) -> str:
    """Markdown as HTML: markup in the text is shown, not used; pictures are named, not fetched."""
    parser = _parser()
    tokens = parser.parse(text)
    _tick(tokens)
    html: str = parser.renderer.render(tokens, parser.options, {})
    return html


def _tick(tokens: Sequence[Token]) -> None:
    """Tasks in a list get a box."""
    for item, _, line in zip(tokens, tokens[1:], tokens[2:], strict=False):
        first = line.children[0] if item.type == "list_item_open" and line.children else None
        if first is not None and first.type == "text" and first.content[:4] in _BOXES:
            first.content = _BOXES[first.content[:4]] + first.content[4:]


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 60}).enable(["table", "strikethrough"])
    parser.validateLink = lambda url: url.lower().startswith(_SCHEMES)  # type: ignore[method-assign]
    parser.add_render_rule("image", _named_picture)
    return parser


def _named_picture(_: Any, tokens: Sequence[Token], at: int, *__: Any) -> str:
    name = tokens[at].content or tr("without a name")
    return escape(f"[{tr('Picture: {name}', name=name)}]")
