"""The pane shows the same, pixel for pixel, however the text came."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop.core.events import AskClosed, AskOpened, TextDelta
from desktop.ui.theme import Theme
from desktop.ui.transcript import TranscriptView
from tests.bench.texts import text
from tests.core.markdown.examples import EXAMPLES, specification
from tests.ui.transcript.talk import Talk

SOURCES = [source for source, _ in EXAMPLES] + [source for source, _ in specification()]


def pictures(view: TranscriptView) -> list[QImage]:
    """The pane at its end and at its beginning."""
    out = [view.viewport().grab().toImage()]
    view.scroll_by(-view.stack.total)
    return [*out, view.viewport().grab().toImage()]


def whole(talk: Talk, source: str) -> list[QImage]:
    talk.answer(source)
    talk.end()
    return pictures(talk.view)


def streamed(talk: Talk, source: str, cuts: list[int]) -> list[QImage]:
    """Frames as they come, some painted and some not."""
    places = [0, *sorted(cuts), len(source)]
    for number, (begin, end) in enumerate(pairwise(places)):
        talk.say(source[begin:end])
        if number % 3 == 0:
            talk.view.viewport().grab()
    talk.end()
    return pictures(talk.view)


@pytest.mark.parametrize("shape", ["mixed", "code", "list", "table", "paragraph"])
def test_a_streamed_shape_equals_the_whole(qtbot: QtBot, theme: Theme, shape: str) -> None:
    source = text(shape, 7_000)
    rng = random.Random(7)
    cuts = [rng.randrange(len(source)) for _ in range(400)]
    assert streamed(Talk(qtbot, theme), source, cuts) == whole(Talk(qtbot, theme), source)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(SOURCES), min_size=1, max_size=5), st.data())
def test_streamed_examples_equal_the_whole(qtbot: QtBot, theme: Theme, parts: list[str], data: st.DataObject) -> None:
    source = "\n\n".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(source)), max_size=40))
    assert streamed(Talk(qtbot, theme), source, cuts) == whole(Talk(qtbot, theme), source)


def test_what_is_painted_while_it_streams_is_what_a_fresh_painting_shows(qtbot: QtBot, theme: Theme) -> None:
    """Only changed parts are painted; the picture on the screen must not keep anything stale."""
    talk = Talk(qtbot, theme)
    source = text("mixed", 4_000, seed=5)
    for at in range(0, len(source), 23):
        talk.say(source[at : at + 23])
        if at % 460 == 0:
            talk.paint()
            screen = talk.view.window().screen().grabWindow(talk.view.winId()).toImage()
            fresh = talk.view.grab().toImage()
            left, width = talk.view.stack.column
            assert screen.copy(0, 0, left + width, 500) == fresh.copy(0, 0, left + width, 500)


def test_a_card_that_becomes_a_row_leaves_nothing_of_its_picture(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    talk.event(AskOpened(ask="a", tool="database_query", args={"query": "SELECT 1"}, text="Run this query?"))
    talk.paint()
    closed = talk.reducer.apply(AskClosed(ask="a", how="answered", answer="denied"), 1.0)
    talk.take([*closed, *talk.reducer.apply(TextDelta(text="It is sunny."), 1.0)])  # in one frame
    talk.paint()
    screen = talk.view.window().screen().grabWindow(talk.view.winId()).toImage()
    assert screen.copy(0, 0, 680, 300) == talk.view.grab().toImage().copy(0, 0, 680, 300)


def test_a_replaced_text_shows_as_if_it_had_always_been_so(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    talk.say("This will be **replaced** by\n\nsomething else.\n\n")
    talk.replace("Quite another text\n\n- with a list\n")
    talk.end()
    assert pictures(talk.view) == whole(Talk(qtbot, theme), "Quite another text\n\n- with a list\n")


def test_hidden_it_only_takes_note(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    talk.say("before ")
    talk.view.hide()
    placed = list(talk.view.stack.placed)
    talk.say("hidden **words**\n\nand more")
    assert talk.view.stack.placed == placed
    talk.view.show()
    talk.end()
    assert "before hidden words\nand more" in talk.view.plain_text()


def test_a_definition_at_the_end_reaches_what_is_seen_above(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    source = "See [the page] first.\n\nMore words.\n\n[the page]: https://a.example/\n\nEnd.\n"
    for char in source:
        talk.say(char)
    talk.end()
    assert pictures(talk.view) == whole(Talk(qtbot, theme), source)


def test_a_text_too_long_for_one_frame_comes_whole_in_the_next_ones(qtbot: QtBot, theme: Theme) -> None:
    talk = Talk(qtbot, theme)
    talk.say("-\n" * 60_000 + "the end")
    talk.end()
    qtbot.waitUntil(lambda: not talk.view.stack.behind, timeout=20_000)
    assert talk.view.stack.entry(0).blocks[-1].plain().endswith("the end")
    assert talk.view.at_end
