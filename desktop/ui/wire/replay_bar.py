"""What stands in the place of the composer in a tab that replays a recording."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QPushButton, QSlider, QToolButton, QVBoxLayout, QWidget

from desktop.core.language import mark, number, tr
from desktop.services.recording.player import MAX_SPEED, Player
from desktop.ui.labels import PlainLabel

_SPEEDS = (("0.5×", 0.5), ("1×", 1.0), ("2×", 2.0), ("5×", 5.0), ("20×", 20.0), (mark("Fastest"), MAX_SPEED))
_STEPS = 1000  # of the slider
_TICK_MS = 100
_FRAME = "#replay_bar { background: palette(window); border: 1px dashed palette(accent); border-radius: 12px; }"


class ReplayBar(QFrame):
    """Signals: `restarted()`: the recording begins anew, in a new session; `compare_wanted()`: with another one."""

    restarted = Signal()
    compare_wanted = Signal()

    def __init__(self, player: Player, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("replay_bar")
        self.setAccessibleName(tr("Replay"))
        self.setMaximumWidth(820)
        self.setStyleSheet(_FRAME)
        self._player = player
        self._build(name)
        player.changed = self._changed.start
        player.restarted = self.restarted.emit
        self._show()

    def _build(self, name: str) -> None:
        self._changed = QTimer(self, interval=0, singleShot=True)
        self._changed.timeout.connect(self._show)
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._show_time)
        title = PlainLabel(tr("Replay: {name}", name=name), heading="true", wrap=True)
        note = self._player.recording.note
        self._words = PlainLabel("", muted="true", wrap=True)
        self._note = PlainLabel(note, muted="true", wrap=True)
        self._note.setVisible(bool(note))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.setSpacing(6)
        self._tools = QHBoxLayout()
        self._tools.setSpacing(4)
        self._tools.addWidget(title, 1)
        compare = QToolButton(objectName="replay_compare", text=tr("Compare with…"), autoRaise=True)
        compare.setToolTip(tr("Hold this recording against another one"))
        compare.setMinimumHeight(30)
        compare.clicked.connect(self.compare_wanted)
        self._tools.addWidget(compare)
        layout.addLayout(self._tools)
        layout.addWidget(self._words)
        layout.addWidget(self._note)
        layout.addLayout(self._controls())

    def add_tools(self, *widgets: QWidget) -> None:
        """More buttons beside the name."""
        for widget in widgets:
            self._tools.addWidget(widget)

    def _controls(self) -> QHBoxLayout:
        self._play = QPushButton(tr("Play"), objectName="replay_play")
        self._play.setProperty("primary", "true")
        self._play.setMinimumWidth(self._play.fontMetrics().horizontalAdvance(tr("Play again")) * 5 // 4 + 36)
        self._step = QPushButton(tr("One step"), objectName="replay_step")
        self._again = QPushButton(tr("As recorded"), objectName="replay_decide")
        self._speed = QComboBox(objectName="replay_speed")
        self._speed.setAccessibleName(tr("Speed"))
        for words, speed in _SPEEDS:
            self._speed.addItem(tr(words), speed)
        self._speed.setCurrentIndex(1)
        self._slider = QSlider(Qt.Orientation.Horizontal, maximum=_STEPS)
        self._slider.setSingleStep(_STEPS // 100)
        self._slider.setPageStep(_STEPS // 10)
        self._slider.setAccessibleName(tr("Place in the recording"))
        self._slider.setMinimumWidth(80)
        self._time = PlainLabel("", muted="true")
        self._play.clicked.connect(self._play_or_pause)
        self._step.clicked.connect(self._player.step)
        self._again.clicked.connect(self._player.as_recorded)
        self._speed.activated.connect(self._set_speed)
        self._slider.sliderReleased.connect(self._seek)
        self._slider.actionTriggered.connect(lambda _: self._slider.isSliderDown() or QTimer.singleShot(0, self._seek))
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget in (self._play, self._step, self._again, self._speed):
            row.addWidget(widget)
        row.addWidget(self._slider, 1)
        row.addWidget(self._time)
        return row

    def _play_or_pause(self) -> None:
        if self._player.playing:
            self._player.pause()
        else:
            self._player.play(self._speed.currentData())

    def _set_speed(self, _: int) -> None:
        self._player.speed = self._speed.currentData()
        if self._player.playing:
            self._player.play()

    def _seek(self) -> None:
        self._player.seek(self._slider.value() / _STEPS * self._player.recording.seconds)

    def _show(self) -> None:
        player = self._player
        self._play.setText(tr("Pause") if player.playing else tr("Play again") if player.over else tr("Play"))
        self._step.setEnabled(not player.playing and not player.over)
        self._again.setVisible(player.waiting is not None)
        self._words.setText(self._state())
        if player.playing:
            self._tick.start()
        else:
            self._tick.stop()
        self._show_time()

    def _state(self) -> str:
        player = self._player
        if player.trouble:
            return player.trouble
        if player.waiting is not None:
            allowed = player.waiting.answer.allow
            then = {True: tr("It was allowed then."), False: tr("It was refused then.")}
            waits = tr("It waits for a decision, as it did then.")
            choose = tr("What you choose does not change what comes next.")
            return " ".join(filter(None, (waits, then.get(allowed), choose)))  # type: ignore[arg-type]
        if player.over:
            return tr("The recording is over. Nothing was sent anywhere.")
        return tr("Everything here was recorded. Nothing is sent anywhere.")

    def _show_time(self) -> None:
        player = self._player
        total = max(player.recording.seconds, 0.001)
        if not self._slider.isSliderDown():
            self._slider.setValue(round(min(1.0, player.at / total) * _STEPS))
        self._time.setText(tr("{at} of {all} s", at=number(player.at, 1), all=number(player.recording.seconds, 1)))
