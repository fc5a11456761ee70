"""Masking of known secret values in a stream of bytes, however the stream is cut into chunks.

Standard library only, and nothing imported: the supervisor loads this in every attempt.
What is not covered: a value that was transformed (encoded, compressed, reversed, upper-cased), and a part of a value
that stands alone. `forms` is the place where further ways of writing a value are added.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


MASK = b"[redacted]"

# A held-back tail this short may leave after a pause, so that a prompt that ends like a secret begins is seen.
# A longer one waits: half a password typed slowly must not reach the disk.
IDLE_BYTES = 3

# Shorter lines of a value with several lines are not masked by themselves: a lone "{" would mask every brace.
LINE_BYTES = 8


def forms(value: str) -> set[bytes]:
    """The byte strings that stand for one secret value: as it is, as a terminal writes it, and its longer lines."""
    raw = value.encode("utf-8", "surrogateescape")
    body = raw.strip()
    if not body:
        return set()
    lines = body.splitlines()
    found = {raw, body}
    if len(lines) > 1:
        found |= {b"\n".join(lines), b"\r\n".join(lines)}
        found |= {line.strip() for line in lines if len(line.strip()) >= LINE_BYTES}
    return found


class Patterns:
    """The values to mask, shared by all the streams of an attempt; more can be added while they run."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._forms: list[bytes] = []
        self._longest = 0
        for value in values:
            self.add(value)

    def __bool__(self) -> bool:
        return bool(self._forms)

    def add(self, value: str) -> None:
        """Mask this value too, from now on. A blank value is ignored."""
        self._forms = sorted({*self._forms, *forms(value)}, key=len, reverse=True)
        self._longest = max(map(len, self._forms), default=0)

    def mask(self, data: bytes) -> bytes:
        """A whole text with every value masked."""
        return Redactor(self).feed(data, last=True) if self._forms else data

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """Where values stand in `data`: (start, end), in order, those that overlap made one."""
        found = []
        for form in self._forms:
            at = data.find(form)
            while at >= 0:
                found.append((at, at + len(form)))
                at = data.find(form, at + 1)
        return _merge(found)

    def open_tail(self, data: bytes) -> int:
        """Where the tail of `data` begins that may be the beginning of a value; its length if there is none."""
        return min((start for start, _ in self._beginnings(data)), default=len(data))

    def cut_off(self, data: bytes) -> list[tuple[int, int]]:
        """The tail of `data` that is at least half of a value, as a list of one span, or of none."""
        starts = [start for start, form in self._beginnings(data) if 2 * (len(data) - start) >= len(form)]
        return [(min(starts), len(data))] if starts else []

    def _beginnings(self, data: bytes) -> Iterable[tuple[int, bytes]]:
        tail_start = max(0, len(data) - self._longest + 1)
        tail = data[tail_start:]
        for form in self._forms:
            first = form[:1]
            at = tail.find(first, max(0, len(tail) - len(form) + 1))
            while at >= 0:
                if form.startswith(tail[at:]):
                    yield tail_start + at, form
                    break
                at = tail.find(first, at + 1)


class Redactor:
    """Masks the values in one stream. It holds back only a tail that is a proper prefix of a value."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns
        self._tail = b""
        # The first bytes of the tail may have been given out already: masked, or by `idle`.
        self._given = 0
        self._given_masked = False

    @property
    def held(self) -> int:
        """How many bytes came in and have not been given out."""
        return len(self._tail) - self._given

    def feed(self, chunk: bytes, *, last: bool = False) -> bytes:
        """Take a chunk, give out what is certain; with `last`, everything, a value that was cut off masked."""
        if not self._patterns and not self._tail:
            return chunk
        data = self._tail + chunk
        if last:
            return self._give(data, self._patterns.cut_off(data), upto=len(data), keep=len(data))
        cut = self._patterns.open_tail(data)
        return self._give(data, [], upto=cut, keep=cut)

    def idle(self) -> bytes:
        """After a pause: give out a short held tail, still knowing it, so that the rest of a value is masked."""
        if len(self._tail) > IDLE_BYTES or not self.held:
            return b""
        return self._give(self._tail, [], upto=len(self._tail), keep=0)

    def _give(self, data: bytes, further: list[tuple[int, int]], *, upto: int, keep: int) -> bytes:
        out: list[bytes] = []
        at, masked = self._given, self._given_masked
        for start, end in _merge([*self._patterns.spans(data), *further]):
            if start >= upto:
                break
            if end <= at:
                continue
            if start > at:
                out.append(data[at:start])
            # A value that goes on from one already masked stays one mask.
            if not (masked and start < self._given):
                out.append(MASK)
            at, masked = end, True
        if at < upto:
            out.append(data[at:upto])
            at, masked = upto, False
        self._tail, self._given, self._given_masked = data[keep:], at - keep, masked
        return b"".join(out)


def _merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
