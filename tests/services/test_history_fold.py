"""Folding changes how many rows there are, and nothing that a person sees."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.core import events as e
from desktop.core.events import AnyEvent
from desktop.core.reducer import Reducer
from desktop.services.history.fold import Folder, Row
from desktop.services.history.replay import decode, encode, feed
from tests.services.histories import START, live, seen, timed

PATHS = st.sampled_from([(), ("a",)])
CHANNELS = st.sampled_from(["answer", "reasoning"])
PARTS = st.sampled_from(["0", "1"])
CALLS = st.sampled_from(["c1", "c2"])
TEXT = st.sampled_from(["x", "yy", "", "{", "}", "\n"])

EVENTS: st.SearchStrategy[AnyEvent] = st.one_of(
    st.builds(e.TextDelta, path=PATHS, channel=CHANNELS, part=PARTS, text=TEXT),
    st.builds(e.TextDelta, path=PATHS, channel=CHANNELS, part=PARTS, text=TEXT),
    st.builds(e.TextSet, path=PATHS, channel=CHANNELS, part=PARTS, text=TEXT),
    st.builds(e.ToolStarted, path=PATHS, call=CALLS, name=st.just("t")),
    st.builds(e.ToolArgs, call=CALLS, delta=TEXT),
    st.builds(e.ToolOutput, call=CALLS, delta=st.none() | TEXT, preview=st.none() | st.just({"n": 1})),
    st.builds(e.ToolEnded, call=CALLS, status=st.sampled_from(["ok", "error", "unknown"])),
    st.builds(e.Notice, text=TEXT),
    st.builds(e.Usage, input=st.integers(0, 3)),
    st.builds(e.Raw, name=st.just("odd")),
    st.builds(e.AskOpened, ask=st.just("a1"), call=CALLS),
    st.builds(e.AskClosed, ask=st.just("a1"), how=st.just("answered")),
)


def replayed(rows: list[Row]) -> dict[str, object]:
    reducer = Reducer()
    reducer.begin(None, START)
    feed(reducer, ((r.at, r.until if r.until != r.at else None, decode(encode(r.event))) for r in rows))
    return seen(reducer.conversation)


def folded(events: list[AnyEvent]) -> list[Row]:
    folder = Folder()
    for seq, (at, event) in enumerate(timed(events)):
        folder.add(seq, at, event)
    return folder.rows


@settings(max_examples=400, deadline=None)
@given(st.lists(EVENTS, max_size=25), st.integers(0, 25))
def test_folded_equals_live_wherever_the_batches_were_cut(events: list[AnyEvent], cut: int) -> None:
    events = [*events, e.RunEnded(status="completed")]
    whole = seen(live(timed(events)))
    assert replayed(folded(events)) == whole
    rows = folded(events)
    first = Folder(rows[:cut]).rows + Folder(rows[cut:]).rows
    assert replayed(first) == whole
    assert replayed(Folder(first).rows) == whole


def test_console_output_keeps_its_order_around_a_preview() -> None:
    pieces = ["a", "b", "c"]
    events: list[AnyEvent] = [e.ToolOutput(call="c", delta=p, preview=p if p == "b" else None) for p in pieces]
    assert [row.event for row in folded(events)] == events


def test_an_answer_of_many_pieces_is_one_row_even_with_others_between() -> None:
    events: list[AnyEvent] = []
    for n in range(1000):
        events += [e.TextDelta(text=f"{n} "), e.TextDelta(path=("helper",), text="~"), e.Usage(output=n)]
    rows = folded(events)
    texts = [row.event for row in rows if isinstance(row.first, e.TextDelta)]
    assert [len(t.text) for t in texts if isinstance(t, e.TextDelta)] == [3890, 1000]


def test_a_thought_after_the_answer_stays_after_it() -> None:
    think = e.TextDelta(channel="reasoning", text="hm")
    assert [row.first.kind for row in folded([think, e.TextDelta(text="So"), think, think])] == [
        "text.delta"
    ] * 3


def test_a_silence_is_the_same_after_folding() -> None:
    """What a timeline shows of a stored run is what it showed live."""
    output = [e.ToolOutput(call="c1", delta="x")] * 30
    events = [e.TextDelta(text="a"), e.TextDelta(text="b"), e.ToolStarted(call="c1", name="t"), *output]
    at = [0.0, 5.0, 5.1, *(6.0 + n / 10 for n in range(30))]
    end = (START + 11.0, e.RunEnded(status="completed"))
    timeline = [*zip((START + t for t in at), events, strict=True), end]
    folder = Folder()
    for seq, (when, event) in enumerate(timeline):
        folder.add(seq, when, event)
    runs = replayed(folder.rows)["runs"]
    assert isinstance(runs, list)
    assert runs[0]["pauses"] == [(START, START + 5.0), (START + 8.9, START + 11.0)]
    assert len(folder.rows) == 5, "and all the rest is folded"
