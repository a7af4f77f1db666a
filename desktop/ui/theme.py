"""Our colours, light and dark, and the whole palette made of them.

Qt's own hint is not enough: on X11 without a desktop `setColorScheme` does nothing, and under the portal theme the
hint turns dark while the palette stays light. So the scheme is decided here and every role is set under Fusion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from desktop.services.resources import places

Choice = Literal["system", "light", "dark"]


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours. `code` maps token groups (keyword, string, number, comment, name, operator) to colours."""

    dark: bool
    window: QColor
    page: QColor
    text: QColor
    muted: QColor
    accent: QColor
    on_accent: QColor
    border: QColor
    question: QColor
    code_bg: QColor
    code_text: QColor
    link: QColor
    ok: QColor
    warning: QColor
    error: QColor
    selection: QColor
    selection_text: QColor
    code: dict[str, QColor]


def _theme(dark: bool, colours: dict[str, str], code: dict[str, str]) -> Theme:
    return Theme(dark=dark, **{k: QColor(v) for k, v in colours.items()}, code={k: QColor(v) for k, v in code.items()})  # type: ignore[arg-type]


LIGHT = _theme(
    False,
    {
        "window": "#f4f3f0", "page": "#fdfcfa", "text": "#1f2328", "muted": "#61666d", "accent": "#1d6b62",
        "on_accent": "#ffffff", "border": "#d5d2cb", "question": "#eeece6", "code_bg": "#f3f1ec",
        "code_text": "#24292e", "link": "#0b5f8a", "ok": "#2c7a3f", "warning": "#8a5a00", "error": "#b3261e",
        "selection": "#b9ddd7", "selection_text": "#10201e",
    },
    {
        "keyword": "#8a3b8f", "string": "#2c6e36", "number": "#9a4b00", "comment": "#6a7078", "name": "#1b5c9e",
        "operator": "#4a4f57",
    },
)  # fmt: skip

DARK = _theme(
    True,
    {
        "window": "#1b1d1f", "page": "#212426", "text": "#e4e3df", "muted": "#a2a7ad", "accent": "#5fc2b3",
        "on_accent": "#0d1f1c", "border": "#3a3e42", "question": "#2a2e31", "code_bg": "#191b1d",
        "code_text": "#dcdcd6", "link": "#7cc0ea", "ok": "#7cc78b", "warning": "#e3b253", "error": "#f28b82",
        "selection": "#2f5f58", "selection_text": "#f2fffc",
    },
    {
        "keyword": "#d7a0dd", "string": "#9ccf9f", "number": "#e6ab7a", "comment": "#8f969e", "name": "#8cc3f2",
        "operator": "#b9bec4",
    },
)  # fmt: skip


#: For the application's own arguments. `setStyle` would hand the whole style to Python too: 5 ms of a start.
FUSION = ("-style", "fusion")


def decide(choice: Choice, portal_dark: bool | None = None) -> Theme:
    """The theme for the person's choice; for "system" what the desktop's portal says, else Qt's hint, else light."""
    if choice != "system":
        return DARK if choice == "dark" else LIGHT
    if portal_dark is not None:
        return DARK if portal_dark else LIGHT
    hint = QGuiApplication.styleHints().colorScheme()
    return DARK if hint == Qt.ColorScheme.Dark else LIGHT


def palette(theme: Theme) -> QPalette:
    """Every role of the palette, disabled ones too."""
    role = QPalette.ColorRole
    made = QPalette()
    for roles, colour in (
        ((role.Window, role.Button, role.AlternateBase), theme.window),
        ((role.Base, role.ToolTipBase), theme.page),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText), theme.text),
        ((role.PlaceholderText,), theme.muted),
        ((role.Highlight,), theme.selection),
        ((role.HighlightedText,), theme.selection_text),
        ((role.Link, role.LinkVisited), theme.link),
        ((role.Accent,), theme.accent),
        ((role.Light, role.Midlight), theme.page),
        ((role.Mid, role.Dark), theme.border),
        ((role.Shadow,), QColor("#000000")),
    ):
        for one in roles:
            made.setColor(one, colour)
    for one in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, one, theme.muted)
    return made


def apply(app: QApplication, theme: Theme) -> None:
    """The palette and the few rules that a palette cannot say."""
    app.setPalette(palette(theme))
    # Fusion draws the edges of boxes and circles in a darker shade of the window: on dark that is next to nothing.
    edges = palette(theme)
    edges.setColor(QPalette.ColorRole.Window, theme.muted.lighter(140))
    for kind in ("QCheckBox", "QRadioButton"):
        app.setPalette(edges, kind)
    colours = {name: _css(getattr(theme, name)) for name in _NAMES}
    app.setStyleSheet(_RULES.format(marks=_marks(), **colours))


_NAMES = ("window", "page", "text", "muted", "accent", "on_accent", "border", "question", "error", "selection")


def _marks() -> str:
    """The folder of the small pictures that a style sheet can name. They suit light and dark alike."""
    return next((place for place in places("marks") if place.is_dir()), places("marks")[0]).as_posix()


def _css(colour: QColor) -> str:
    return colour.name()


_RULES = """
QToolTip {{ background: {page}; color: {text}; border: 1px solid {border}; padding: 4px; }}
QPushButton {{ background: {page}; color: {text}; border: 1px solid {border}; border-radius: 8px;
               padding: 5px 14px; min-height: 18px; }}
QPushButton:hover {{ background: {question}; }}
QPushButton:pressed {{ background: {selection}; }}
QPushButton:focus {{ border: 2px solid {accent}; padding: 4px 13px; }}
QPushButton:disabled {{ color: {muted}; background: {window}; }}
QPushButton[primary="true"] {{ background: {accent}; color: {on_accent}; border-color: {accent}; font-weight: 600; }}
QPushButton[primary="true"]:disabled {{ background: {border}; color: {muted}; border-color: {border}; }}
QPushButton[lead="true"] {{ background: {window}; border-color: {accent}; }}
QPushButton[lead="true"]:hover {{ background: {question}; }}
QPushButton[quiet="true"] {{ background: transparent; border-color: transparent; color: {muted}; }}
QPushButton[quiet="true"]:hover {{ background: {question}; color: {text}; }}
QPushButton[quiet="true"]:focus {{ border: 2px solid {accent}; }}
QLineEdit {{ background: {page}; border: 1px solid {border}; border-radius: 8px; padding: 5px 8px; min-height: 18px;
             selection-background-color: {selection}; selection-color: {text}; }}
QLineEdit:focus {{ border: 2px solid {accent}; padding: 4px 7px; }}
QComboBox, QSpinBox {{ background: {page}; color: {text}; border: 1px solid {border}; border-radius: 8px;
                        padding: 3px 8px; min-height: 20px; selection-background-color: {selection};
                        selection-color: {text}; }}
QComboBox {{ combobox-popup: 0; }}
QComboBox:hover {{ background: {question}; }}
QComboBox:focus, QSpinBox:focus {{ border: 2px solid {accent}; padding: 2px 7px; }}
QComboBox:disabled, QSpinBox:disabled {{ color: {muted}; background: {window}; }}
QComboBox::drop-down {{ border: none; width: 22px; }}
QComboBox::down-arrow {{ image: url("{marks}/chevron-down.svg"); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {page}; border: 1px solid {border}; outline: none;
                               selection-background-color: {selection}; selection-color: {text}; }}
QComboBox QAbstractItemView::item {{ min-height: 26px; padding: 0 6px; }}
QSpinBox::up-button, QSpinBox::down-button {{ border: none; width: 18px; }}
QSpinBox::up-arrow {{ image: url("{marks}/chevron-up.svg"); width: 10px; height: 10px; }}
QSpinBox::down-arrow {{ image: url("{marks}/chevron-down.svg"); width: 10px; height: 10px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 8px; padding: 4px; color: {text}; }}
QToolButton:hover {{ background: {question}; }}
QToolButton:checked {{ background: {question}; border-color: {border}; }}
QToolButton:focus {{ border: 2px solid {accent}; padding: 3px; }}
QToolButton[popupMode="1"] {{ padding-right: 18px; }}
QToolButton::menu-button {{ border: none; width: 16px; }}
QListWidget {{ background: transparent; border: none; }}
QListWidget::item {{ padding: 6px 8px; border-radius: 8px; }}
QListWidget::item:hover {{ background: {question}; }}
QListWidget::item:selected {{ background: {selection}; color: {text}; }}
QTreeWidget {{ background: transparent; border: none; }}
QTreeWidget::item {{ padding: 4px 2px; }}
QTabWidget::pane {{ border: none; }}
QTabBar::tab {{ background: transparent; color: {muted}; padding: 7px 12px; border: none; min-width: 60px;
  max-width: 220px; }}
QTabBar::tab:selected {{ color: {text}; border-bottom: 2px solid {accent}; }}
QTabBar::tab:hover {{ color: {text}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
QScrollBar::handle {{ background: {border}; border-radius: 3px; min-height: 32px; min-width: 32px; }}
QScrollBar::handle:hover {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QProgressBar {{ border: none; border-radius: 4px; background: {border}; color: {text}; text-align: center; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 4px; }}
#thinking_drawer QPlainTextEdit, #tool_activity QPlainTextEdit {{ background: transparent; border: none; }}
QMenuBar {{ background: {window}; }}
QStatusBar {{ background: {window}; color: {muted}; border-top: 1px solid {border}; }}
QStatusBar::item {{ border: none; }}
QSplitter::handle {{ background: {border}; }}
QLabel[muted="true"] {{ color: {muted}; }}
QLabel[heading="true"] {{ font-weight: 600; }}
QLabel[trouble="true"] {{ color: {error}; }}
"""
