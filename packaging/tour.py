"""Write the recordings of the tour: python3 packaging/tour.py

One scene for each protocol, made up for showing what agents do. No server was asked; words, figures and the picture are
ours. The files lie in resources/tour and are checked in, so this runs only when a scene changes.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from desktop.core.recordings import recording as rec  # noqa: E402
from desktop.core.requests import Answer, Connection, Image, Prompt  # noqa: E402

FOLDER = ROOT / "resources" / "tour"
WORD = 0.055  # seconds between two pieces of text
UUID = "7f3b1c52-0d7e-4a86-9a55-5c1f0b9d2e10"


class Scene:
    """A recording in the making. Times only go forward."""

    def __init__(self, name: str, title: str, place: Connection, said: str, *images: Image) -> None:
        self.name, self.title = name, title
        self.t = 0.0
        self.entries: list[rec.Entry] = []
        self._exchanges = 0
        prompt = Prompt(said, images)
        self.entries.append(rec.RunBegun(0.0, 0, place, prompt, uuid=UUID, secrets=("key",)))
        self._url = place.base_url

    def ask(self, method: str, path: str, body: Any = None, stream: bool = False) -> int:
        number, self._exchanges = self._exchanges, self._exchanges + 1
        headers = {"Authorization": "[removed]", "Accept": "text/event-stream" if stream else "application/json"}
        self.entries.append(rec.Requested(self.t, number, 0, method, self._url + path, headers, body, stream))
        return number

    def stream(self, path: str, body: Any, **headers: str) -> None:
        self._stream = self.ask("POST", path, body, stream=True)
        self.wait(0.35)
        head = {"content-type": "text/event-stream", **headers}
        self.entries.append(rec.Head(self.t, self._stream, 200, head))

    def reply(self, number: int, body: Any, status: int = 200) -> None:
        self.wait(0.05)
        self.entries.append(rec.Head(self.t, number, status, {"content-type": "application/json"}))
        self.entries.append(rec.Chunk(self.t, number, json.dumps(body).encode()))
        self.entries.append(rec.Ended(self.t, number))

    def wait(self, seconds: float) -> None:
        self.t = round(self.t + seconds, 3)

    def data(self, value: Any, name: str = "", wait: float = 0.02) -> None:
        self.wait(wait)
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        frame = f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"
        self.entries.append(rec.Chunk(self.t, self._stream, frame.encode()))

    def decide(self, answer: Answer) -> None:
        self.wait(2.5)
        self.entries.append(rec.Decided(self.t, answer))

    def end(self) -> None:
        self.wait(0.02)
        self.entries.append(rec.Ended(self.t, self._stream))

    def write(self) -> None:
        lines = rec.lines_of(self.entries, self.title, by="the Sluice authors, by hand")
        path = FOLDER / f"{self.name}{rec.SUFFIX}"
        path.write_text("\n".join(lines) + "\n", "utf-8")


def words(text: str) -> Iterator[str]:
    """The text in pieces, as a model gives it."""
    at = 0
    while at < len(text):
        cut = text.find(" ", at + 3)
        cut = len(text) if cut < 0 else cut
        yield text[at:cut]
        at = cut


# ---- the scenes


def approval() -> Scene:
    """Powabase: a thought, a tool, and a question before something is deleted."""
    agent, run = "a3f0c1de-5b6a-4c2e-8f43-2b9f6d7e1a90", "run_5a1de0c4b7f2"
    place = Connection("powabase", "https://garden.example", agent)
    s = Scene("1-it-asks-first", "It asks before it acts", place,
              "Some beds in our garden list were harvested. Please tidy the list up.")  # fmt: skip
    s.stream(f"/api/agents/{agent}/run/stream", {"message": "Some beds in our garden list were harvested. …"})
    s.data({"event": "start", "run_id": run, "session_id": "sess_c0ffee5eed01", "reasoning_requested": True})
    s.data({"event": "step_started", "step": 1, "is_last_step": False})
    thought = (
        "The list is in the database. I look first which beds are marked as harvested, and change nothing before I "
        "know. Deleting cannot be undone, so the person should see what goes."
    )
    for piece in words(thought):
        s.data({"event": "reasoning_delta", "step": 1, "source": "thinking", "delta": piece}, wait=WORD)
    for piece in words("I look up which beds are harvested."):
        s.data({"event": "content_delta", "delta": piece}, wait=WORD)
    query = {"query": "SELECT id, plant FROM beds WHERE harvested"}
    s.data({"event": "tool_call", "step": 1, "tool_name": "read_table", "arguments": query, "call_id": "c1"}, wait=0.3)
    found = '[{"id": 4, "plant": "peas"}, {"id": 9, "plant": "radishes"}]'
    s.data({"event": "tool_result", "step": 1, "tool_name": "read_table", "call_id": "c1", "result_preview": found,
            "duration_ms": 640}, wait=0.64)  # fmt: skip
    s.data({"event": "step_completed", "step": 1, "finish_reason": "tool_calls", "has_tool_calls": True})
    s.data({"event": "step_started", "step": 2, "is_last_step": False}, wait=0.3)
    gone = {"table": "beds", "where": "id IN (4, 9)", "rows": 2}
    s.data({"event": "tool_call", "step": 2, "tool_name": "delete_rows", "arguments": gone, "call_id": "c2"}, wait=0.3)
    s.data({"event": "approval_requested", "tool_name": "delete_rows", "tool_input": gone,
            "message": "Delete 2 rows from beds?"}, wait=0.05)  # fmt: skip
    s.decide(Answer(f"{run}/ask/1", True))
    post = s.ask("POST", f"/api/agents/runs/{run}/approve", {"approved": True})
    s.reply(post, {"status": "resumed"})
    s.data({"event": "hook_result", "hook_event": "PreToolUse", "status": "succeeded", "modified": False,
            "blocked": False, "message": None}, wait=0.1)  # fmt: skip
    s.data({"event": "tool_result", "step": 2, "tool_name": "delete_rows", "call_id": "c2",
            "result_preview": "2 rows deleted", "duration_ms": 2810}, wait=0.2)  # fmt: skip
    s.data({"event": "step_completed", "step": 2, "finish_reason": "tool_calls", "has_tool_calls": True})
    answer = (
        "The list is tidy again.\n\n| bed | plant | what happened |\n|---|---|---|\n| 4 | peas | removed |\n"
        "| 9 | radishes | removed |\n\nTen beds are left. You could sow *lamb's lettuce* in the two free ones."
    )
    for piece in words(answer):
        s.data({"event": "content_delta", "delta": piece}, wait=WORD)
    s.data({"event": "chunk", "content": f"I look up which beds are harvested.{answer}"})
    s.data({"event": "complete", "run_id": run, "session_id": "sess_c0ffee5eed01", "status": "completed",
            "content": f"I look up which beds are harvested.{answer}", "steps": 3,
            "usage": {"prompt_tokens": 912, "completion_tokens": 148, "total_tokens": 1060}})  # fmt: skip
    s.end()
    return s


def picture() -> Scene:
    """An OpenAI-compatible model looks at a picture, thinks, and answers."""
    place = Connection("openai", "https://models.example/v1", "lookout-12b")
    chart = Image("rain.png", "image/png", bars((34, 52, 41, 78, 96, 60)))
    s = Scene("2-it-sees", "It looks at a picture", place, "What does this chart of our rain gauge say?", chart)
    s.stream("/chat/completions", {"model": "lookout-12b", "stream": True})

    def chunk(delta: dict[str, Any], finish: str | None = None, wait: float = WORD) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        s.data({"id": "c-1", "object": "chat.completion.chunk", "model": "lookout-12b", "choices": [choice]}, wait=wait)

    chunk({"role": "assistant", "content": ""})
    thought = (
        "Six bars, so perhaps six months. The fifth is the tallest, about three times the first. The axis has no "
        "numbers; I must not invent any."
    )
    for piece in words(thought):
        chunk({"reasoning_content": piece})
    answer = (
        "The chart has **six bars**, one after the other in time.\n\n1. It begins low, and the second bar is half as "
        "high again.\n2. After a small dip it climbs: the fifth bar is the highest, *nearly three times* the first.\n"
        "3. The last one falls back.\n\nThe axis shows no numbers, so how many millimetres that is cannot be seen. If "
        "each bar is a month, the wettest was the fifth.\n\nTo keep the figures beside the picture:\n\n"
        '```python\nrain = {"Jan": None, "Feb": None}  # fill in from the gauge\nprint(max(rain, key=rain.get))\n```\n'
    )
    for piece in words(answer):
        chunk({"content": piece})
    chunk({}, "stop")
    s.data({"id": "c-1", "object": "chat.completion.chunk", "model": "lookout-12b", "choices": [],
            "usage": {"prompt_tokens": 801, "completion_tokens": 171, "total_tokens": 972}})  # fmt: skip
    s.data("[DONE]")
    s.end()
    return s


def team() -> Scene:
    """PromptShuttle: agents work for another one, two of them side by side, with what it costs."""
    place = Connection("promptshuttle", "https://shuttle.example/api/v1", "editor/long-reads")
    asked = "Write a short note about swifts for our bird club, and have the facts checked."
    s = Scene("3-a-team", "A team at work", place, asked)
    s.stream("/chat/completions", {"model": "editor/long-reads", "stream": True}, **{"x-request-id": "r-77"})
    begun: dict[str, float] = {}

    def event(kind: str, path: str, data: dict[str, Any] | None = None, wait: float = 0.08) -> None:
        way = path.split("/")
        envelope = {"requestId": "r-77", "type": kind, "agentPath": way, "depth": len(way) - 1}
        s.data({**envelope, "data": data or {}}, wait=wait)

    def call(path: str, name: str, call: str, wait: float = 0.1, **more: Any) -> None:
        event("toolStarted", path, {"toolName": name, "toolCallId": call, **more}, wait)
        begun[call] = s.t

    def done(path: str, name: str, call: str, wait: float = 0.1, **more: Any) -> None:
        took = round(1000 * (s.t + wait - begun[call]))
        event("toolCompleted", path, {"toolName": name, "toolCallId": call, "durationMs": took, **more}, wait)

    def send(name: str, number: str) -> None:
        call("main", name, number, toolType="Agent")
        event("agentStarted", f"main/{name}", {"agentRole": name})
        event("agentInferenceStarted", f"main/{name}")

    def said(name: str, text: str, wait: float) -> None:
        event("agentInferenceCompleted", f"main/{name}", {"text": text}, wait)

    def back(name: str, number: str, text: str, wait: float, cost: float) -> None:
        event("agentCompleted", f"main/{name}", {"text": text}, wait)
        done("main", name, number, costUsd=cost)

    event("requestStarted", "main", {"model": "editor/long-reads"})
    event("agentStarted", "main")
    event("agentInferenceStarted", "main")
    event("agentInferenceCompleted", "main", {"finishReason": "tool_calls"}, 0.9)
    send("naturalist", "t1")
    first = "Swifts live in the air: they eat, drink and even sleep on the wing."
    said("naturalist", first, 1.1)
    send("historian", "t2")  # side by side with the first, who is not back yet
    call("main/historian", "archive_search", "t3", 0.5, arguments={"query": "swifts nesting", "from": 1950})
    back("naturalist", "t1", first, 0.6, 0.0012)
    done("main/historian", "archive_search", "t3", 0.6, result="Church tower, every summer from 1951 to today.")
    text = "The church tower has had swifts every summer since the club began to count, in 1951."
    said("historian", text, 0.7)
    back("historian", "t2", text, 0.1, 0.0015)
    event("usageUpdate", "main", {"totalTokensIn": 1400, "totalTokensOut": 210, "totalCostUsd": 0.0041})
    send("fact_checker", "t4")
    call("main/fact_checker", "library_search", "t5", 0.3, arguments={"query": "swift flight without landing"})
    done("main/fact_checker", "library_search", "t5", 1.2, result="Tagged birds stayed in the air for ten months.")
    text = "Both hold. Tagged birds stayed up for ten months: worth adding."
    said("fact_checker", text, 1.0)
    back("fact_checker", "t4", text, 0.1, 0.0014)
    event("agentInferenceStarted", "main")
    answer = (
        "## Swifts over our roofs\n\nSwifts eat, drink and even **sleep on the wing**. Tagged birds stayed up for as "
        "long as *ten months*, and when one does come down, it is nearly always to nest. On our church tower they have "
        "done so every summer since 1951.\n\n| what we say | who looked | holds |\n|---|---|---|\n| sleep on the wing "
        "| naturalist | yes |\n| ten months aloft | fact_checker | yes |\n| since 1951 | historian | yes |"
    )
    event("agentInferenceCompleted", "main", {"text": answer}, 1.5)
    event("agentCompleted", "main", {"text": answer}, 0.1)
    event("usageUpdate", "main", {"totalTokensIn": 2310, "totalTokensOut": 402, "totalCostUsd": 0.0068})
    event("requestCompleted", "main", {"text": answer, "totalTokensIn": 2310, "totalTokensOut": 402,
          "totalCostUsd": 0.0068})  # fmt: skip
    s.data("[DONE]")
    s.end()
    return s


def tools() -> Scene:
    """An Agent Manager: a thought, tools of which one fails, and what to ask next."""
    agent = "0d7c4f7e-52a5-4b59-b2f3-3c1a8e6f5d21"
    place = Connection("procurator", "https://manager.example", agent)
    asked = "When does the next ferry to Hvar leave, and will it rain?"
    s = Scene("4-tools", "It uses tools, and one fails", place, asked)
    s.stream(f"/api/agents/{agent}/runs/stream", {"message": asked})

    def event(name: str, data: Any, wait: float = 0.05) -> None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        s.data({"event": name, "data": text, "timestamp": 1784408070480 + int(s.t * 1000)}, wait=wait)

    event("START", "5f0c3f0e-7a0b-4f0e-9a53-0d3a2a1f7b11", 0.2)
    for piece in words("Two questions: the timetable and the weather. They do not depend on each other."):
        event("REASONING_DELTA", piece, WORD)
    event("TOOL_START", {"id": "f1", "name": "ferry_times", "arguments": '{"from": "Split", "to": "Hvar"}'}, 0.3)
    event("TOOL_START", {"id": "w1", "name": "weather", "arguments": '{"place": "Hvar"}'}, 0.1)
    event("TOOL_END", {"id": "f1", "name": "ferry_times", "result": '{"next": "14:30", "pier": 27}'}, 0.9)
    event("TOOL_ERROR", {"id": "w1", "name": "weather", "error": "The weather service did not answer."}, 1.3)
    answer = (
        "The next ferry from Split to Hvar leaves at **14:30** from pier 27. Be there twenty minutes early if you "
        "bring a car.\n\nWhether it will rain I cannot tell: the weather service did not answer."
    )
    for piece in words(answer):
        event("CONTENT_DELTA", piece, WORD)
    event("CONTENT_DONE", "")
    event("METRICS", {"inputTokens": 640, "outputTokens": 96, "totalCostUsd": 0.0011})
    event("FOLLOWUP_SUGGESTION", ["Try the weather again", "When does the last ferry leave?"])
    event("STOP", "")
    s.end()
    return s


def question() -> Scene:
    """Agentrail: the agent asks which of two ways it should go, and then goes it."""
    place = Connection("agentrail", "https://rail.example", "clerk", {"tenant": "home", "user": "ada"})
    s = Scene("5-it-wants-to-know", "It asks you back", place, "Put my notes about the bees into a file.")
    head = {"x-session-id": "139410d2-df3d-4852-bb0f-befd98b56453"}
    s.stream("/api/stream", {"tenantId": "home", "userId": "ada", "message": "Put my notes about the bees …"}, **head)

    def event(kind: str, wait: float = 0.05, **fields: Any) -> None:
        s.data({"type": kind, **fields, "chainId": "chain-1", "depth": 0, "turnIndex": 0}, wait=wait)

    def message(text: str) -> dict[str, Any]:
        content = [{"type": "text", "text": text}] if text else []
        return {"role": "assistant", "content": content, "modelId": "clerk-2", "stopReason": "stop", "timestamp": 1}

    def say(text: str) -> None:
        event("message.start", message=message(""))
        said = ""
        for piece in words(text):
            said += piece
            update = {"type": "text_delta", "contentIndex": 0, "delta": piece, "partial": message(said)}
            event("message.update", WORD, message=message(said), event=update)
        event("message.end", message=message(text))
        event("turn.complete", message=message(text), toolResults=[])

    event("session.start")
    event("turn.start")
    ask = {"question": "As one long page, or one page for each month?"}
    event("tool.before", 0.6, toolCallId="q1", toolName="AskUserQuestion", args=ask, rawArgs=ask)
    event("waiting_for_user_input", toolCallId="q1", options=["One long page", "One page a month"], multiple=False,
          custom=True, **ask)  # fmt: skip
    s.decide(Answer("q1", choices=("One page a month",)))
    post = s.ask("POST", f"/api/sessions/{head['x-session-id']}/respond", {"answer": "One page a month"})
    s.reply(post, {"ok": True})
    shown = {"content": [{"type": "text", "text": "One page a month"}], "details": {}}
    event("tool.after", toolCallId="q1", toolName="AskUserQuestion", result=shown, isError=False)
    for number, month in enumerate(("April", "May", "June"), 1):
        args = {"path": f"bees/{month.lower()}.md"}
        event("tool.before", 0.4, toolCallId=f"w{number}", toolName="Write", args=args, rawArgs=args)
        shown = {"content": [{"type": "text", "text": f"Wrote bees/{month.lower()}.md"}], "details": {}}
        event("tool.after", 0.5, toolCallId=f"w{number}", toolName="Write", result=shown, isError=False)
    say(
        "Done: three pages, **April**, **May** and **June**, in the folder `bees`. The swarm of 12 May is under May, "
        "with your drawing of the hive's place."
    )
    event("session.end", messages=[], usage={"inputTokens": 530, "outputTokens": 88, "cost": {"total": 0.0009}})
    s.data({"type": "context_usage", "inputTokens": 530, "outputTokens": 88, "budgetUsedPct": 6})
    s.end()
    return s


def steps() -> Scene:
    """Dockrion: a workflow that tells how far it is."""
    options = {"mode": "direct", "text_field": "query", "session_field": "session_id", "images_field": "images"}
    place = Connection("dockrion", "https://dock.example", None, options)
    asked = "How many tiles do I need for a 3 by 4 metre floor?"
    s = Scene("6-step-by-step", "Step by step, with progress", place, asked)
    s.stream("/invoke/stream", {"query": asked})
    s.data({"request_id": "d-1", "type": "started"}, "started")
    nodes = (("measure", "Reading the size", 700), ("lay out", "Laying rows", 1100), ("add waste", "Counting", 500))
    for n, (node, said, ms) in enumerate(nodes):
        done = {"type": "progress", "step": "The floor", "progress": (n + 0.5) / 3, "message": said}
        s.data(done, "progress", 0.2)
        s.data({"type": "step", "node": node, "output": {"ok": True}, "duration_ms": ms}, "step", ms / 1000)
    s.data({"type": "progress", "step": "The floor", "progress": 1.0, "message": "Done"}, "progress", 0.1)
    answer = (
        "You need **146 tiles** of 30 × 30 cm:\n\n- the floor is $3 \\times 4 = 12$ square metres,\n- one tile covers "
        "$0.09$ square metres, so $12 / 0.09 \\approx 133.3$,\n- and a tenth more is for cuts and breakage.\n\nBuy two "
        "spare ones on top: the same batch is hard to find later."
    )
    for piece in words(answer):
        s.data({"type": "token", "content": piece}, "token", WORD)
    s.data({"type": "complete", "output": {"response": answer}, "latency_seconds": 6.2}, "complete")
    s.end()
    return s


# ---- the picture


def bars(heights: tuple[int, ...], width: int = 320, height: int = 180) -> bytes:
    """A plain bar chart as PNG."""
    paper, ink, base = (250, 249, 246), (45, 120, 168), (120, 120, 120)
    rows = [[paper] * width for _ in range(height)]
    step = (width - 40) // len(heights)
    for number, tall in enumerate(heights):
        left = 24 + number * step
        for y in range(height - 20 - tall * 140 // 100, height - 20):
            rows[y][left : left + step - 14] = [ink] * (step - 14)
    rows[height - 20] = [base] * width
    raw = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    body = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + body


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in (approval, picture, team, tools, question, steps):
        make().write()
