"""OpenAI-compatible servers beyond their recordings: addresses, requests, lists of models, thoughts in tags."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from desktop.core.adapters.openai.adapter import OpenAIAdapter
from desktop.core.adapters.openai.think import Piece, ThinkTag
from desktop.core.errors import SluiceError
from desktop.core.events import Failure, RunStarted, ToolStarted
from desktop.core.requests import Connection, Image, Prompt, Secrets, Talk, Turn
from tests.core.adapters.dialogue import Dialogue, wire_json

UUID = "11111111-2222-4333-8444-555555555555"
PICTURE = Image("dot.png", "image/png", b"\x89PNG\x00\xff")
TURNS = (Turn("user", "one"), Turn("assistant", "two"))
LISTED = {"object": "list", "data": [{"id": "small", "owned_by": "us"}, {"id": "large"}]}


def adapter(url: str = "http://model:8080/v1", agent: str | None = "small", **options: Any) -> OpenAIAdapter:
    return OpenAIAdapter(Connection("openai", url, agent, options), Secrets("k"))


def start(made: OpenAIAdapter, prompt: Prompt = Prompt("hi"), turns: tuple[Turn, ...] = ()) -> Dialogue:  # noqa: B008
    run = made.run(prompt, Talk(uuid=UUID, turns=turns))
    return Dialogue(run.steps(), run)


def sent(made: OpenAIAdapter, prompt: Prompt = Prompt("hi"), turns: tuple[Turn, ...] = ()) -> dict[str, Any]:  # noqa: B008
    said: dict[str, Any] = wire_json(start(made, prompt, turns).asked("POST /v1/chat/completions"))
    return said


def chunks(*deltas: dict[str, Any], finish: str | None = "stop", done: bool = True) -> str:
    lines = [{"model": "m", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    if finish:
        lines.append({"model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    body = "".join(f"data: {json.dumps(line)}\n\n" for line in lines)
    return body + ("data: [DONE]\n\n" if done else "")


# ---- what is sent


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("http://model:8080", "http://model:8080/v1/chat/completions"),
        ("http://model:8080/", "http://model:8080/v1/chat/completions"),
        ("http://model:8080/v1", "http://model:8080/v1/chat/completions"),
        ("http://model:8080/v1/", "http://model:8080/v1/chat/completions"),
        ("http://model/api/v3", "http://model/api/v3/chat/completions"),
        ("http://model/v1/chat/completions", "http://model/v1/chat/completions"),
    ],
)
def test_the_base_address_is_taken_as_people_write_it(base: str, address: str) -> None:
    call = start(adapter(base)).call
    assert call is not None and call.url == address
    assert call.headers["Authorization"] == "Bearer k"


def test_an_address_without_its_v1_gets_a_hint() -> None:
    talk = start(adapter("http://model/api"))
    talk.says({"error": {"message": "File Not Found"}}, 404)
    assert (talk.end.error or Failure("")).text.endswith("to end in /v1.")
    right = start(adapter("http://model/v1"))
    right.says({"error": {"message": "no such model"}}, 404)
    assert "/v1" not in (right.end.error or Failure("")).text


def test_every_request_carries_the_conversation() -> None:
    body = sent(adapter(system="Be brief."), Prompt("three"), TURNS)
    assert [(m["role"], m["content"]) for m in body["messages"]] == [
        ("system", "Be brief."), ("user", "one"), ("assistant", "two"), ("user", "three"),
    ]  # fmt: skip
    assert body["model"] == "small" and body["stream"] is True


def test_figures_are_asked_for_unless_switched_off() -> None:
    assert sent(adapter())["stream_options"] == {"include_usage": True}
    assert "stream_options" not in sent(adapter(include_usage=False))


def test_settings_go_along_only_where_they_are_set() -> None:
    assert not {"temperature", "max_tokens"} & sent(adapter()).keys()
    body = sent(adapter(temperature=0, max_tokens=50, extra={"top_k": 4, "temperature": 1}))
    assert (body["temperature"], body["max_tokens"], body["top_k"]) == (1, 50, 4)


def test_extra_fields_that_are_no_object_are_refused() -> None:
    with pytest.raises(SluiceError, match="no JSON object"):
        start(adapter(extra="x"))


def test_pictures_go_as_parts_and_stay_in_the_history() -> None:
    seen = (Turn("user", "this", (PICTURE,)), Turn("assistant", "a dot"))
    body = sent(adapter(), Prompt("and this", (PICTURE,)), seen)
    url = "data:image/png;base64," + base64.b64encode(PICTURE.data).decode()
    for message in (body["messages"][0], body["messages"][2]):
        assert message["content"][1] == {"type": "image_url", "image_url": {"url": url}}


def test_a_picture_of_a_kind_it_does_not_take_is_refused_before_sending() -> None:
    with pytest.raises(SluiceError, match=r"image/svg\+xml"):
        start(adapter(), Prompt("see", (Image("a.svg", "image/svg+xml", b"<svg/>"),)))


# ---- models


def test_without_a_model_the_first_of_the_list_answers_and_that_is_said() -> None:
    made = adapter(agent=None)
    talk = start(made)
    talk.asked("GET /v1/models")
    talk.says(LISTED)
    assert talk.asked("POST /v1/chat/completions").json["model"] == "small"
    talk.streams(chunks({"content": "yes"}))
    assert talk.notices == ["model"]
    start(made).asked("POST /v1/chat/completions")  # the list is asked for once


def test_a_server_with_one_model_needs_no_words_about_it() -> None:
    talk = start(adapter(agent=None))
    talk.says({"data": [{"id": "only"}]})
    talk.streams(chunks({"content": "yes"}))
    assert talk.notices == []


def test_a_server_without_a_list_is_asked_without_a_model() -> None:
    talk = start(adapter(agent=None))
    talk.says({"error": "no"}, 404)
    assert "model" not in talk.asked("POST /v1/chat/completions").json


def test_a_server_that_cannot_be_reached_is_asked_once() -> None:
    talk = start(adapter(agent=None))
    talk.fails()
    assert (talk.end.status, talk.end.reason) == ("failed", "connect")


@pytest.mark.parametrize(
    "body", [LISTED, {"models": [{"name": "small"}, {"id": "large"}]}, [{"id": "small"}, {"id": "large"}]]
)
def test_lists_of_models_in_their_several_shapes(body: Any) -> None:
    talk = Dialogue(adapter().agents())
    talk.asked("GET /v1/models")
    talk.says(body)
    assert [model.id for model in talk.result] == ["small", "large"]


def test_a_probe_names_the_models_and_misses_the_chosen_one() -> None:
    talk = Dialogue(adapter(agent="huge").probe())
    talk.says(LISTED)
    assert "2 models: small, large." in talk.result.words and "huge is not among them" in talk.result.words


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"error": {"message": "bad key"}}, "Check the key"),
        (404, {}, "Check the address"),
        (200, b"<html>hi</html>", "no list of models"),
    ],
)
def test_a_probe_that_fails_says_why(status: int, body: Any, words: str) -> None:
    talk = Dialogue(adapter().probe())
    with pytest.raises(SluiceError, match=words):
        talk.says(body, status)


# ---- endings


def test_a_body_that_breaks_after_the_last_word_is_whole() -> None:
    talk = start(adapter())
    talk.streams(chunks({"content": "all"}, done=False), breaks=Failure("broke", code="network"))
    assert (talk.answer, talk.end.status) == ("all", "completed")


def test_a_body_that_breaks_before_it_is_cut() -> None:
    talk = start(adapter())
    talk.streams(chunks({"content": "al"}, finish=None, done=False), breaks=Failure("broke", code="network"))
    assert (talk.answer, talk.end.status, talk.end.reason) == ("al", "cut", "network")


def test_the_run_starts_once_though_every_chunk_has_another_id() -> None:
    talk = start(adapter())
    talk.streams(chunks({"content": "a"}, {"content": "b"}))
    assert [e.model for e in talk.events if isinstance(e, RunStarted)] == ["m"]
    assert talk.answer == "ab"


def test_a_tool_without_index_or_id_still_gets_its_arguments() -> None:
    call = {"function": {"name": "add", "arguments": {"a": 1}}}
    talk = start(adapter())
    talk.streams(chunks({"tool_calls": [call, call]}))
    assert [e.call for e in talk.events if isinstance(e, ToolStarted)] == ["call-1", "call-2"]
    assert talk.end.status == "calls"


# ---- thoughts in tags


def split(*pieces: str) -> tuple[str, str]:
    """(thoughts, answer) of an answer that came in these pieces."""
    tag = ThinkTag()
    out: list[Piece] = [found for piece in pieces for found in tag.feed(piece)] + tag.close()
    return tuple("".join(t for c, t in out if c == channel) for channel in ("reasoning", "answer"))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "thoughts", "answer"),
    [
        ("<think>a</think>b", "a", "b"),
        ("\n <think>\na\n</think>\n\nb\n", "a\n", "b\n"),
        ("<think></think>b", "", "b"),
        ("b <think>a</think>", "", "b <think>a</think>"),
        ("<thinking>a", "", "<thinking>a"),
        ("<thi", "", "<thi"),
        ("<think>a < b </thin> c</think>d", "a < b </thin> c", "d"),
        ("<think>never closed </thi", "never closed </thi", ""),
        ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
        ("  indented", "", "  indented"),
    ],
)
def test_thoughts_are_split_off_the_same_wherever_the_pieces_are_cut(text: str, thoughts: str, answer: str) -> None:
    assert split(text) == (thoughts, answer)
    assert split(*text) == (thoughts, answer)
    for cut in range(1, len(text)):
        assert split(text[:cut], text[cut:]) == (thoughts, answer)
