"""Blocks: the unit that is laid out when it can be seen. A block is a row, pictures, or a slice of text."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from desktop.core.exchange.markdown import escaped_line
from desktop.core.language import tr
from desktop.core.markdown.flow import Code, Element, Formula, Mark, Paragraph, Rule, Run, Table
from desktop.core.markdown.plain import html, plain
from desktop.core.markdown.slicer import Slice
from desktop.ui.transcript.codepiece import CodePiece, Sideways
from desktop.ui.transcript.formula import FormulaPiece
from desktop.ui.transcript.pieces import Piece, Span, TextPiece
from desktop.ui.transcript.rowpiece import PicturePiece, RowPiece, SpeakerPiece
from desktop.ui.transcript.rows import Row
from desktop.ui.transcript.styles import Styles
from desktop.ui.transcript.tablepiece import Columns, TablePiece

Elements = Callable[[Slice], list[Element]]


class Block:
    """The base: pieces one below the other. `height` is estimated until `build` made it exact for a width."""

    source: str = ""

    def __init__(self) -> None:
        self.pieces: list[Any] = []
        self.tops: list[float] = []
        self.height = 0
        self.styles: Styles | None = None  # those of the pieces
        self.ready: object = None  # the fit that `height` is exact for
        self.dirty: float | None = 0.0

    def estimate(self, styles: Styles, width: float) -> float:
        """A guess without laying out."""
        return ceil(styles.line)

    def make(self, styles: Styles, first: bool) -> None:
        """Make the pieces."""

    def build(self, styles: Styles, width: float, first: bool) -> None:
        """Make the pieces, unless they are there, and lay them out."""
        if self.styles is not styles:
            self.make(styles, first)
            self.styles = styles
        self.place(width, first)

    def place(self, width: float, first: bool) -> None:
        """Stack the pieces and find out what must be painted again."""
        y = 0
        dirty: float | None = None
        before, self.tops = self.tops, []
        for number, piece in enumerate(self.pieces):
            y += 0 if first and not number else round(piece.gap)
            piece.set_width(width)
            self.tops.append(y)
            moved = number >= len(before) or before[number] != y
            if moved or piece.dirty is not None:
                top = y if moved else y + (piece.dirty or 0.0)
                dirty = top if dirty is None else min(dirty, top)
                piece.dirty = None
            y += ceil(piece.height)
        if len(before) > len(self.pieces):
            end = min(y, before[len(self.pieces)])
            dirty = end if dirty is None else min(dirty, end)
        self.height = ceil(y)
        if dirty is not None:
            self.dirty = dirty if self.dirty is None else min(self.dirty, dirty)

    def release(self) -> None:
        """Forget the pieces; the height stays."""
        self.pieces, self.tops, self.styles, self.ready, self.dirty = [], [], None, None, 0.0

    def paint(
        self,
        painter: QPainter,
        clip: QRectF,
        selected: Callable[[int], Span | None],
        found: Callable[[Piece], list[Span]],
    ) -> None:
        """Paint the pieces that lie in `clip`."""
        above, below = clip.top(), clip.bottom()
        for number, (piece, top) in enumerate(zip(self.pieces, self.tops, strict=True)):
            if not top:
                piece.paint(painter, clip, selected(number), found(piece))
            elif top <= below and top + piece.height >= above:
                painter.translate(0, top)
                piece.paint(painter, clip.translated(0, -top), selected(number), found(piece))
                painter.translate(0, -top)

    def piece_at(self, y: float) -> tuple[int, Any, float] | None:
        """The piece at a height, or the nearest."""
        best = None
        for number, (piece, top) in enumerate(zip(self.pieces, self.tops, strict=True)):
            if best is None or y >= top:
                best = number, piece, top
        return best

    def hit(self, point: QPointF) -> tuple[int, int] | None:
        """Piece and position at a point."""
        if (found := self.piece_at(point.y())) is None:
            return None
        number, piece, top = found
        return number, piece.position_at(point - QPointF(0, top))

    # ---- contents

    def elements(self) -> list[Element]:
        """What it shows, for the clipboard."""
        return []

    def plain(self) -> str:
        return plain(self.elements())

    def markdown(self) -> str:
        return self.source

    def html(self) -> str:
        return html(self.elements())


class RowBlock(Block):
    """One row."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row
        self.gap = 4.0

    def estimate(self, styles: Styles, width: float) -> float:
        return 30.0

    def show(self, row: Row) -> bool:
        """Change what it says; whether that was a change."""
        if row == self.row:
            return False
        self.row = row
        for piece in self.pieces:
            piece.show(row)
        self.ready = None
        return True

    def make(self, styles: Styles, first: bool) -> None:
        self.pieces = [RowPiece(styles, self.row, self.gap)]
        self.tops = []

    def elements(self) -> list[Element]:
        return [Paragraph("paragraph", (Run(self.row.words),))]

    def markdown(self) -> str:
        return f"{self.row.words}\n"


class SpeakerBlock(Block):
    """The name of who speaks."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def estimate(self, styles: Styles, width: float) -> float:
        return ceil(styles.small_metrics.height() * 1.5)

    def make(self, styles: Styles, first: bool) -> None:
        self.pieces = [SpeakerPiece(styles, self.name)]
        self.tops = []

    def elements(self) -> list[Element]:
        return [Paragraph("paragraph", (Run(self.name, Mark.BOLD),))]

    def markdown(self) -> str:
        return f"**{escaped_line(self.name)}**\n\n"


class PictureBlock(Block):
    """Pictures with their bytes."""

    def __init__(self, pictures: list[tuple[str, bytes]], size: int = 160) -> None:
        super().__init__()
        self._pictures = pictures
        self._size = size

    def estimate(self, styles: Styles, width: float) -> float:
        return self._size

    def make(self, styles: Styles, first: bool) -> None:
        self.pieces = [PicturePiece(styles, self._pictures, 8.0, self._size)]
        self.tops = []

    def elements(self) -> list[Element]:
        return [Paragraph("paragraph", (Run(tr("picture {name}", name=name).strip()),)) for name, _ in self._pictures]

    def markdown(self) -> str:
        return "".join(f"[{tr('picture {name}', name=name).strip()}]\n" for name, _ in self._pictures)


class TextBlock(Block):
    """A slice of text. `growing` says that its end is not decided; `side` and `columns` are shared by the slices of one
    long code or table."""

    def __init__(self, piece: Slice, elements: Elements, growing: bool = False) -> None:
        super().__init__()
        self.slice = piece
        self.growing = growing
        self.joined = False  # the next block goes on with the same code
        self.side = Sideways()
        self._outdated = False
        self._elements = elements

    @property
    def source(self) -> str:  # type: ignore[override]
        return self.slice.source

    def estimate(self, styles: Styles, width: float) -> float:
        source = self.slice.source
        chars = max(width / max(styles.metrics.averageCharWidth(), 1.0), 10.0)
        lines = source.count("\n")
        return ceil(max(lines * 0.9, len(source) / chars * 1.05 + min(lines, 2)) * styles.line)

    def show(self, piece: Slice, growing: bool) -> bool:
        """The slice grew, or is final now; whether anything of the picture can change."""
        before, was_growing = self.slice, self.growing
        self.slice, self.growing = piece, growing
        if piece == before and growing == was_growing:
            return False
        if not self._only_ended(before):
            self.refresh()
        return True

    def _only_ended(self, before: Slice) -> bool:
        """Whether nothing came but the end of the last line, which running text does not show."""
        after = self.slice
        return (
            after.source.rstrip("\n") == before.source.rstrip("\n")
            and (after.kind, after.opener, after.gap, after.number)
            == (before.kind, before.opener, before.gap, before.number)
            and bool(self.pieces)
            and all(isinstance(piece, TextPiece) for piece in self.pieces)
        )

    def refresh(self) -> None:
        """Bring the pieces up to date."""
        self.ready = None
        if self.styles is not None:
            self._arrange(self.styles, self._elements(self.slice))

    def outdate(self) -> None:
        """What it shows may have changed; it finds out when it is seen."""
        self.ready, self._outdated = None, True

    def build(self, styles: Styles, width: float, first: bool) -> None:
        if self._outdated and self.styles is styles:
            self._arrange(styles, self._elements(self.slice))
        self._outdated = False
        super().build(styles, width, first)

    def join(self) -> None:
        """The next block goes on with the code of this one."""
        self.joined = True
        if self.pieces and isinstance(self.pieces[-1], CodePiece):
            self.pieces[-1].join()
            self.ready = None

    def make(self, styles: Styles, first: bool) -> None:
        self.pieces, self.tops = [], []
        self._arrange(styles, self._elements(self.slice))

    def _arrange(self, styles: Styles, elements: list[Element]) -> None:
        """Give each group of elements its piece, keeping the pieces that are of the right kind already."""
        old = self.pieces
        self.pieces = []
        groups = _grouped(elements)
        for number, group in enumerate(groups):
            here = old[number] if number < len(old) else None
            final = not self.growing or number + 1 < len(groups)
            self.pieces.append(self._piece(styles, group, here, final))
        if self.joined and self.pieces and isinstance(self.pieces[-1], CodePiece):
            self.pieces[-1].join()

    def _piece(self, styles: Styles, group: list[Element], here: Any, final: bool) -> Any:
        first = group[0]
        gap = _gap(styles, first)
        if isinstance(first, Code):
            code = first
            keep = isinstance(here, CodePiece) and here.code.first == code.first and here.code.nest == code.nest
            piece = here if keep else CodePiece(styles, code, gap, self.side)
            piece.show(code, final)
        elif isinstance(first, Table):
            keep = isinstance(here, TablePiece) and here.table.nest == first.nest
            piece = here if keep else TablePiece(styles, first, gap, self.side, self._columns(styles))
            piece.show(first)
        elif isinstance(first, Formula):
            keep = isinstance(here, FormulaPiece)
            piece = here if keep else FormulaPiece(styles, first.tex, first.nest, gap)
            piece.show(first.tex)
        else:
            piece = here if isinstance(here, TextPiece) else TextPiece(styles, gap)
            piece.show([_paragraph(one) for one in group])
        if piece.gap != gap and not isinstance(first, Code | Table):
            piece.gap, piece.dirty = gap, 0.0
        return piece

    def _columns(self, styles: Styles) -> Columns:
        columns = Columns(styles)
        if self.slice.head is not None:
            for element in self._elements(self.slice.head):
                if isinstance(element, Table):
                    columns.measure(element.rows)
        return columns

    def elements(self) -> list[Element]:
        return self._elements(self.slice)

    @property
    def has_formula(self) -> bool:
        """Whether it shows mathematics that may still be on its way."""
        return any(isinstance(piece, FormulaPiece) for piece in self.pieces)

    @property
    def literal(self) -> bool:
        """Whether its slices are lines cut from a longer text."""
        return self.slice.kind == "literal"

    @property
    def goes_on(self) -> bool:
        """Whether it goes on with the code of the block before."""
        return bool(self.slice.opener) and not self.slice.gap and self.slice.head is None

    @property
    def shares(self) -> bool:
        """Whether it scrolls sideways together with the block before."""
        return bool(self.slice.opener) and not self.slice.gap


_ALONE = (Code, Table, Formula)


def _grouped(elements: list[Element]) -> list[list[Element]]:
    """Neighbours that share a document."""
    groups: list[list[Element]] = []
    for element in elements:
        alone = isinstance(element, _ALONE)
        if alone or not groups or isinstance(groups[-1][-1], _ALONE):
            groups.append([element])
        else:
            groups[-1].append(element)
    return groups


def _gap(styles: Styles, element: Element) -> float:
    role = element.role if isinstance(element, Paragraph) else "block"
    return styles.gap(role, element.gap or not isinstance(element, Paragraph | Code | Table))


def _paragraph(element: Element) -> Paragraph:
    """Rules as paragraphs of their own role."""
    match element:
        case Paragraph():
            return element
        case Rule():
            return Paragraph("rule", (), element.nest, gap=element.gap)
        case _:
            raise TypeError(element)
