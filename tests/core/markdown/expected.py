"""From the HTML that a specification expects to what a person reads: roles, nesting and words."""

from __future__ import annotations

from html.parser import HTMLParser

Read = tuple[str, str, str]  # role, containers, words

_BLOCKS = {"p": "paragraph", "pre": "code", **{f"h{n}": f"heading-{n}" for n in range(1, 7)}}


class Reader(HTMLParser):
    """Collects what is read, block by block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[Read] = []
        self._nest = ""
        self._role = ""
        self._words: list[str] | None = None
        self._cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _BLOCKS:
            self._end()
            self._role, self._words = _BLOCKS[tag], []
        elif tag in ("blockquote", "li"):
            self._end()
            self._nest += "q" if tag == "blockquote" else "l"
            if tag == "li":
                self._role, self._words = "paragraph", []
        elif tag in ("th", "td"):
            self._role, self._words = "cell", []
        elif tag == "hr":
            self._end()
            self.out.append(("rule", self._nest, ""))
        elif tag == "br" and self._words is not None:
            self._words.append("\n")
        elif tag == "img" and self._words is not None:
            self._words.append(f"[{given.get('alt') or 'picture'}]")
        elif tag in ("ul", "ol", "table"):
            self._end()

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS or tag in ("th", "td"):
            self._end()
        elif tag in ("blockquote", "li"):
            self._end()
            self._nest = self._nest[:-1]

    def handle_data(self, data: str) -> None:
        if self._words is None and data.strip():
            self._role, self._words = "paragraph", []
        if self._words is not None:
            self._words.append(data)

    def _end(self) -> None:
        if self._words is not None:
            text = "".join(self._words)
            text = text.removesuffix("\n") if self._role == "code" else " ".join(text.split())
            if text or self._role != "paragraph":
                self.out.append((self._role, self._nest, text))
        self._words = None


def read(html: str) -> list[Read]:
    """What a person reads of some HTML."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    reader._end()
    return reader.out
