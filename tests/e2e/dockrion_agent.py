"""Agents of our own on the published Dockrion runtime. Run by the interpreter of an environment that has it.

    python dockrion_agent.py graph|handler [--allow chat|minimal|all] [--key KEY] [--bare]

Prints `PORT n` when it answers. The first word of the message is an order: `tell`, `ponder`, `use`, `break`,
`pause SECONDS`, `count N`, `keep WORD`, `kept`, `look` (pictures); anything else is repeated. With `--bare` it declares
no input.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import socket
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

STORY = "Once upon a time: Äpfel, 林檎, 🍎 — the end."
THOUGHT = "An apple is round. So is the moon."
kept: dict[str, str] = {}  # session -> word; Dockrion itself keeps nothing between requests


class Broken(Exception):
    """What `break` raises."""


def reply(payload: dict[str, Any]) -> Iterator[str]:
    """The answer to a message, in the pieces in which a model would give it."""
    order, _, rest = str(payload.get("query") or "").partition(" ")
    session = str(payload.get("session_id") or "")
    if order in ("tell", "ponder"):
        yield from (STORY[i : i + 5] for i in range(0, len(STORY), 5))
    elif order == "break":
        yield from ("Half ", "an answer")
        raise Broken("the branch broke")
    elif order == "pause":
        yield "Before. "
        time.sleep(float(rest))
        yield "After."
    elif order == "count":
        yield from (f"n{i} " for i in range(int(rest)))
    elif order == "keep":
        kept[session] = rest
        yield f"Kept {rest}."
    elif order == "kept":
        yield f"You had {kept.get(session, 'nothing')}."
    elif order == "look":
        pictures = [b64decode(url.partition(",")[2]) for url in payload.get("images") or []]
        yield " ".join(hashlib.sha256(picture).hexdigest() for picture in pictures) or "no picture"
    else:
        yield f"{order} {rest}".strip() + "!"


def use_scale(context: Any) -> str:
    """A tool, reported the way an author would."""
    if context:
        context.sync_emit_progress("weighing", 0.5, "On the scale")
        context.sync_emit("custom:tool_call", {"call_id": "w1", "tool": "scale", "arguments": {"what": "apple"}})
        context.sync_emit("custom:tool_result", {"call_id": "w1", "tool": "scale", "result": {"grams": 150}})
    return "It weighs 150 g."


def build_graph() -> Any:
    """Two nodes: one that may use the tool, one with a model that streams."""
    from typing import TypedDict

    from dockrion_events import get_current_context
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
    from langgraph.graph import END, START, StateGraph

    class Model(BaseChatModel):
        payload: dict

        @property
        def _llm_type(self) -> str:
            return "canned"

        def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **more: Any) -> ChatResult:
            text = "".join(reply(self.payload))
            return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text))])

        def _stream(self, messages: Any, stop: Any = None, run_manager: Any = None, **more: Any) -> Any:
            for piece in reply(self.payload):
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk

    class State(TypedDict, total=False):
        query: str
        session_id: str
        images: list
        weight: str
        response: str

    def prepare(state: dict[str, Any]) -> dict[str, Any]:
        context = get_current_context()
        order = str(state.get("query") or "").split(" ")[0]
        if order == "ponder" and context:
            for i in range(0, len(THOUGHT), 6):
                context.sync_emit("custom:thinking", {"text": THOUGHT[i : i + 6]})
        return {"weight": use_scale(context) if order == "use" else ""}

    def answer(state: dict[str, Any]) -> dict[str, Any]:
        payload = {**state, "query": state["weight"]} if state.get("weight") else dict(state)
        return {"response": str(Model(payload=payload).invoke("go").content)}

    graph = StateGraph(State)
    graph.add_node("prepare", prepare)
    graph.add_node("answer", answer)
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "answer")
    graph.add_edge("answer", END)
    return graph.compile()


def handle(payload: dict[str, Any], context: Any = None) -> dict[str, Any]:
    """Handler mode: a plain function that emits its own tokens."""
    said = ""
    for piece in reply(payload):
        said += piece
        if context:
            context.sync_emit_token(piece)
    return {"response": said}


def spec(options: argparse.Namespace, port: int) -> dict[str, Any]:
    """What the agent's author would write into the Dockfile."""
    text, words = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    fields = {"query": text, "session_id": text, "images": words}
    agent: dict[str, Any] = {"name": f"orchard-{options.kind}"}
    if options.kind == "handler":
        agent |= {"handler": "dockrion_agent:handle", "framework": "custom"}
    else:
        agent |= {"entrypoint": "dockrion_agent:build_graph", "framework": "langgraph"}
    out: dict[str, Any] = {
        "version": "1.0",
        "agent": agent,
        "io_schema": {} if options.bare else {"input": {"type": "object", "required": ["query"], "properties": fields}},
        "expose": {"rest": True, "streaming": "sse", "host": "127.0.0.1", "port": port},
        "streaming": {"async_runs": True, "backend": "memory", "events": {"allowed": options.allow}},
    }
    if options.key:
        os.environ["ORCHARD_KEY"] = options.key
        out["auth"] = {"mode": "api_key", "api_keys": {"env_var": "ORCHARD_KEY", "header": "X-API-Key"}}
    return out


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["graph", "handler"])
    parser.add_argument("--allow")
    parser.add_argument("--key")
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    import uvicorn
    from dockrion_runtime import create_app
    from dockrion_schema import DockSpec

    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = create_app(DockSpec.model_validate(spec(options, port)))

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            print(f"PORT {port}", flush=True)

    Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listening])


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    main()
