"""Sentences in the person's language, and the files they come from."""

from __future__ import annotations

import pytest

from desktop.core import language, po
from desktop.core.language import Catalogue, mark, number, tr, trn

GERMAN = r"""
# by hand
msgid ""
msgstr ""
"Language: de\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"
"X-Own-Name: Deutsch\n"

#: desktop/ui/x.py
msgid "Send"
msgstr "Senden"

#, python-brace-format
msgid "Saved as {name}, in {folder}."
msgstr "In {folder} gespeichert als {name}."

#, python-brace-format
msgid "{n} file"
msgid_plural "{n} files"
msgstr[0] "{n} Datei"
msgstr[1] "{n} Dateien"

msgid "1,234.5"
msgstr "1.234,5"

msgid ""
"Two lines,\n"
"with a \"quote\" and a \\ backslash"
msgstr ""
"Zwei Zeilen,\n"
"mit „Zitat“ und \\"

#, fuzzy
msgid "Guessed"
msgstr "Geraten"

msgid "Not done yet"
msgstr ""

#~ msgid "Long gone"
#~ msgstr "Längst weg"
"""

POLISH = """
msgid ""
msgstr ""
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

msgid "{n} file"
msgid_plural "{n} files"
msgstr[0] "{n} plik"
msgstr[1] "{n} pliki"
msgstr[2] "{n} plików"
"""


def speak(code: str, text: str) -> None:
    language.use(po.catalogue(code, text))


def test_the_source_is_english() -> None:
    assert (tr("Send"), tr("Saved as {name}.", name="a.md")) == ("Send", "Saved as a.md.")
    assert [trn("{n} file", "{n} files", n) for n in (0, 1, 2, 1234)] == ["0 files", "1 file", "2 files", "1,234 files"]
    assert (number(1234.5, 1), number(0.00123, form=".4g")) == ("1,234.5", "0.00123")


def test_a_translation_takes_values_in_its_own_order() -> None:
    speak("de", GERMAN)
    assert language.code() == "de"
    assert tr("Send") == "Senden"
    assert tr("Saved as {name}, in {folder}.", name="a.md", folder="/tmp") == "In /tmp gespeichert als a.md."
    assert tr('Two lines,\nwith a "quote" and a \\ backslash') == "Zwei Zeilen,\nmit „Zitat“ und \\"


def test_plurals_and_numbers_follow_the_language() -> None:
    speak("de", GERMAN)
    assert [trn("{n} file", "{n} files", n) for n in (0, 1, 1234)] == ["0 Dateien", "1 Datei", "1.234 Dateien"]
    assert (number(1234.5, 1), number(0.25, 2)) == ("1.234,5", "0,25")
    speak("pl", POLISH)
    assert [trn("{n} file", "{n} files", n) for n in (1, 3, 5, 22)] == ["1 plik", "3 pliki", "5 plików", "22 pliki"]
    assert number(1234.5, 1) == "1,234.5"


@pytest.mark.parametrize("source", ["Guessed", "Not done yet", "Long gone", "Never heard of", ""])
def test_what_has_no_translation_is_shown_in_english(source: str) -> None:
    speak("de", GERMAN)
    assert tr(source) == source
    assert trn("{n} thing", "{n} things", 2) == "2 things"


def test_a_marked_constant_is_translated_where_it_is_shown() -> None:
    word = mark("Send")
    assert word == "Send"
    speak("de", GERMAN)
    assert tr(word) == "Senden"


def test_a_translation_that_asks_for_what_is_not_there_fails_nothing() -> None:
    wrong = {"Saved as {name}.": ("Gespeichert als {nome}.",), "Half {a}": ("Halb {a",), "Deep {a}": ("{a.b.c}",)}
    language.use(Catalogue("xx", wrong))
    assert tr("Saved as {name}.", name="a.md") == "Saved as a.md."
    assert tr("Half {a}", a=1) == "Half 1"
    assert tr("Deep {a}", a=1) == "Deep 1"


def test_braces_are_plain_text_where_no_values_are_given() -> None:
    assert tr("The pattern must be an object: { … }.") == "The pattern must be an object: { … }."


def test_a_file_comes_out_as_it_went_in() -> None:
    found = list(po.entries(GERMAN))
    again = list(po.entries(po.written(found)))
    assert again == found
    assert po.headers(found[0])["X-Own-Name"] == "Deutsch"
    assert [e.source for e in found if not e.is_done] == ["Guessed", "Not done yet"]


@pytest.mark.parametrize("text", ["msgid Send", 'msgfoo "Send"', 'msgid "Send"\nmsgstr[1] "x"', 'msgid "\\q"'])
def test_what_is_no_language_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        list(po.entries(text))
