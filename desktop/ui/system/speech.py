"""The window's language: our own words, Qt's own dialogs, and dates and days."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

from desktop.services.habits import languages


def speak(app: QCoreApplication, wanted: str | None) -> None:
    """Speak the `wanted` language, or for None that of the environment or the system. Before the first window."""
    system = QLocale.system()
    code = languages.start(wanted, system.uiLanguages())
    same = (QLocale(code).language(), QLocale.Language.C if code == "en" else None)
    if system.language() not in same:  # else its country's way with dates is kept
        QLocale.setDefault(QLocale(code))
    translator = QTranslator(app)
    if code != "en" and translator.load(f"qtbase_{code}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(translator)
