"""One upstream answer from its bytes to deltas: what is text, what is noise, and whether it came whole."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from lib.streaming.errors import UpstreamFailure
from lib.streaming.ports.models import Delta, Finish, ReasoningDelta, TextDelta, UsageReport
from lib.streaming.types import FinishReason
from lib.streaming.upstream import stream_failures as failures
from lib.streaming.upstream.chunk import Chunk, ChunkType
from lib.streaming.upstream.chunk_parser import ChunkParser
from lib.streaming.upstream.finish_reasons import finish_of
from lib.streaming.upstream.line_decoder import MAX_LINE_BYTES, LineDecoder
from lib.streaming.upstream.stream_state import TRANSITIONS, Signal, State
from lib.streaming.upstream.stuttering import HoldLimits, PrefixFold
from lib.streaming.upstream.surrogates import HalfJoiner

# Looking a member up on its enum costs more than all else that is done for a chunk.
_DATA = ChunkType.DATA
_NORMAL, _TERMINATING = State.NORMAL, State.TERMINATING


class StreamLimits(msgspec.Struct, frozen=True):
    """Bytes of UTF-8 for all text of an answer and for one line; how many unreadable chunks are skipped."""

    output_bytes: int = 16 * 1024 * 1024
    line_bytes: int = MAX_LINE_BYTES
    malformed: int = 10


class StreamProcessor:
    """Feed it what each read brings; it gives the deltas. It never raises: see `failure`.

    `Finish` is the very last delta and comes only when the answer is whole: a finish reason was seen and no
    chunk that may have held text was lost. Otherwise `failure` says why not, and the deltas given before it
    stand. `ended` once nothing more is taken. With `hold` the snapshots of a stuttering start are folded:
    call `release` when `hold_until` (seconds of `monotonic`) has passed without a read.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        limits: StreamLimits | None = None,
        hold: HoldLimits | None = None,
    ) -> None:
        self.state = State.INITIAL
        self.failure: UpstreamFailure | None = None
        self.malformed = 0
        self._monotonic = monotonic
        self._limits = limits or StreamLimits()
        self._lines = LineDecoder(self._limits.line_bytes)
        self._parser = ChunkParser(self._limits.line_bytes)
        self._fold = PrefixFold(hold)
        self._fold.resolved = hold is None
        self._halves = HalfJoiner()
        self._thought_halves = HalfJoiner()
        self._finish: FinishReason | None = None
        self._lost = False
        self._refused = False
        self._room = self._limits.output_bytes

    @property
    def ended(self) -> bool:
        return self.state is _TERMINATING

    @property
    def finish_seen(self) -> bool:
        """Whether the provider has said why it stopped; only usage and the end marker may still come."""
        return self._finish is not None

    @property
    def hold_until(self) -> float | None:
        return self._fold.deadline

    def feed(self, data: bytes) -> list[Delta]:
        """Take the bytes of one read; return their deltas in order, often none."""
        out: list[Delta] = []
        self._read(self._lines.feed(data), out)
        if self._lines.failure is not None and not self.ended:
            self._fail(self._lines.failure, out)
        return out

    def end(self, cut: UpstreamFailure | None = None) -> list[Delta]:
        """The body is over, or was cut by `cut`; a cut after the finish reason takes nothing away."""
        out: list[Delta] = []
        self._read(self._lines.finish(), out)
        if not self.ended:
            self._read_rest(out)
        if not self.ended:
            self._terminate(out, None if self.finish_seen else cut)
        return out

    def release(self) -> list[Delta]:
        """Pass on the text held back for stuttering."""
        out: list[Delta] = []
        self._write(self._fold.flush(), out)
        self._move(Signal.RESOLVED)
        return out

    def _read(self, lines: list[bytes], out: list[Delta]) -> None:
        try:
            for line in lines:
                chunk = self._parser.feed(line)
                if chunk is not None and not self._take(chunk, out):
                    return
        except UpstreamFailure as failure:
            self._fail(failure, out)

    def _read_rest(self, out: list[Delta]) -> None:
        try:
            chunk = self._parser.flush()
        except UpstreamFailure as failure:
            self._fail(failure, out)
            return
        # What cannot be read here was cut in the middle: that is told by the missing finish reason.
        if chunk is not None and chunk.type is not ChunkType.MALFORMED:
            self._take(chunk, out)

    def _take(self, chunk: Chunk, out: list[Delta]) -> bool:
        """Act on one chunk; False once nothing more is taken."""
        if self.state is _TERMINATING:
            return False
        if chunk.type is _DATA:
            self._take_text(chunk, out)
        else:
            self._take_other(chunk, out)
        if chunk.usage is not None:
            out.append(UsageReport(chunk.usage))
        if chunk.finish is not None:
            self._note_finish(chunk.finish, out)
        return self.state is not _TERMINATING

    def _take_other(self, chunk: Chunk, out: list[Delta]) -> None:
        if chunk.type is ChunkType.DONE:
            self._terminate(out)
        elif chunk.type is ChunkType.MALFORMED:
            self._move(Signal.MALFORMED)
            self._skip(chunk, out)

    def _take_text(self, chunk: Chunk, out: list[Delta]) -> None:
        text = chunk.text
        if chunk.refused:
            self._refused = True
        if chunk.reasoning:
            self._take_reasoning(chunk, out)
        if chunk.halves or self._halves.held:
            text = self._halves.take(text)
        if self.state is not _NORMAL:
            text = self._open_with(text)
        self._write(text, out)

    def _take_reasoning(self, chunk: Chunk, out: list[Delta]) -> None:
        text, halves = chunk.reasoning, self._thought_halves
        self._write_reasoning(halves.take(text) if chunk.halves or halves.held else text, out)

    def _open_with(self, text: str) -> str:
        """Text that comes while it is open whether the start is over."""
        self._move(Signal.DATA)
        text = self._fold.take(text, self._monotonic()) if text else ""
        if self._fold.resolved:
            self._move(Signal.RESOLVED)
        return text

    def _skip(self, chunk: Chunk, out: list[Delta]) -> None:
        self.malformed += 1
        self._lost = self._lost or chunk.lost
        if self.malformed > self._limits.malformed:
            self._fail(failures.unreadable(self.malformed), out)

    def _note_finish(self, word: str, out: list[Delta]) -> None:
        if word == "error":
            self._fail(failures.broken_off(), out)
        elif self._finish is None:
            self._finish = finish_of(word)

    def _terminate(self, out: list[Delta], cut: UpstreamFailure | None = None) -> None:
        failure = cut or self._shortfall()
        if failure is not None:
            self._fail(failure, out)
            return
        self._let_go(out)
        self._move(Signal.DONE)
        if self.failure is None and self._finish is not None:
            # The service names its own refusals "stop"; a chain must not take one for an answer.
            out.append(Finish(FinishReason.CONTENT_FILTER if self._refused else self._finish))

    def _shortfall(self) -> UpstreamFailure | None:
        if self._parser.chunks == 0:
            return failures.no_answer()
        if self._finish is None:
            return failures.unfinished()
        return failures.unreadable(self.malformed) if self._lost else None

    def _fail(self, failure: UpstreamFailure, out: list[Delta]) -> None:
        self._let_go(out)
        self.failure = self.failure or failure
        self._move(Signal.FAILED)

    def _let_go(self, out: list[Delta]) -> None:
        """Pass on all text still held back, so that the end loses nothing."""
        self._write_reasoning(self._thought_halves.flush(), out)
        self._write(self._fold.flush() + self._halves.flush(), out)

    def _write(self, text: str, out: list[Delta]) -> None:
        if text and self._has_room(text):
            out.append(TextDelta(text))

    def _write_reasoning(self, text: str, out: list[Delta]) -> None:
        if text and self._has_room(text):
            out.append(ReasoningDelta(text))

    def _has_room(self, text: str) -> bool:
        self._room -= len(text) if text.isascii() else len(text.encode())
        if self._room >= 0:
            return True
        if self.failure is None:
            self.failure = failures.too_long(self._limits.output_bytes)
            self._move(Signal.FAILED)
        return False

    def _move(self, signal: Signal) -> None:
        self.state = TRANSITIONS.get((self.state, signal), self.state)
