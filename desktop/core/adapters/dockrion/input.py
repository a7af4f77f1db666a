"""What goes into a Dockrion agent's input. Its author decides the fields; the server's schema tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from desktop.core.adapters.chat import data_url, messages
from desktop.core.errors import NotSendable
from desktop.core.language import tr
from desktop.core.requests import Connection, Prompt, Talk

NONE = "none"  # as an option: there is no such field, whatever the schema says
_TEXT = ("message", "query", "input", "prompt", "question", "text", "content", "user_input")
_SESSION = ("session_id", "thread_id", "conversation_id")
_IMAGES = ("images", "image_urls", "attachments", "files")
_LIST = "messages"
_UNDECLARED = "query"  # where the server tells no fields: the name in Dockrion's own examples


@dataclass(frozen=True, slots=True)
class InputMap:
    """Which fields of the input hold the message, the conversation's id and the pictures; "" where there is none.

    `fields` names all that the schema has, `required` those that must be there. Without `declared` the server
    told no fields at all, and drops whatever is sent."""

    text: str = _UNDECLARED
    session: str = ""
    images: str = ""
    required: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    declared: bool = False

    @property
    def as_list(self) -> bool:
        """Whether the message goes in as the last of a list, with the history before it."""
        return self.text == _LIST

    @property
    def remembers(self) -> bool:
        """Whether a later turn knows of an earlier one."""
        return bool(self.session) or self.as_list

    def missing(self, extra: Mapping[str, Any]) -> tuple[str, ...]:
        """The required fields that neither the chat nor `extra` fills."""
        filled = (self.text, self.session, self.images, *extra)
        return tuple(name for name in self.required if name not in filled)

    def body(self, prompt: Prompt, talk: Talk, extra: Mapping[str, Any]) -> dict[str, Any]:
        """The request's body. Raises NotSendable if there is no field for the text or the pictures."""
        if not self.text:
            words = tr(
                "It is not clear which field of this agent's input takes the message: it has {fields}. Name one as the "
                "text field of this connection.",
                fields=", ".join(self.fields),
            )
            raise NotSendable(words)
        self.check_images(prompt)
        out: dict[str, Any] = {self.session: talk.session_id or talk.uuid} if self.session else {}
        out.update(extra)
        if self.as_list:
            turns = () if self.session else talk.turns
            bare = prompt if self.images == _LIST else replace(prompt, images=())
            out[self.text] = messages(turns, bare)
        else:
            out[self.text] = prompt.text
        if prompt.images and self.images != _LIST:
            out[self.images] = [data_url(image) for image in prompt.images]
        return out

    def check_images(self, prompt: Prompt) -> None:
        """Raises NotSendable if there are pictures and no field for them."""
        if prompt.images and not self.images:
            raise NotSendable(tr("This agent's input has no field for pictures. Remove them to send the text."))


def read_schema(schema: Any) -> InputMap:
    """The mapping that a JSON schema of the input suggests."""
    fields = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(fields, dict) or not fields:
        return InputMap()
    required = tuple(name for name in schema.get("required") or () if name in fields)
    strings = [name for name in fields if _type(fields[name]) == "string"]
    lists = [name for name in fields if _type(fields[name]) == "array"]
    session = next((name for name in _SESSION if name in fields), "")
    text = _text_field(strings, lists, [name for name in required if name != session])
    images = next((name for name in _IMAGES if name in lists), _LIST if text == _LIST else "")
    return InputMap(text, session, images, required, tuple(fields), declared=True)


def chosen(found: InputMap, connection: Connection) -> InputMap:
    """The mapping with what the person set for the connection instead of what was found."""

    def pick(name: str, default: str) -> str:
        value = str(connection.option(name, default))
        return "" if value == NONE else value

    text = pick("text_field", found.text)
    images = pick("images_field", _LIST if text == _LIST and not found.images else found.images)
    session = pick("session_field", found.session)
    return replace(found, text=text, session=session, images=images)


def _text_field(strings: list[str], lists: list[str], required: list[str]) -> str:
    """A known name that is required, else a known name, else a list of messages, else the only required string."""
    named = [name for name in _TEXT if name in strings]
    must = [name for name in required if name in strings]
    if found := next((name for name in named if name in must), ""):
        return found
    if _LIST in lists and (_LIST in required or not named):
        return _LIST
    if named:
        return named[0]
    return must[0] if len(must) == 1 else ""


def _type(field: Any) -> str:
    """The JSON type of a property; of "string or null" it is the string."""
    kind = field.get("type") if isinstance(field, dict) else None
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), None)
    return kind if isinstance(kind, str) else ""
