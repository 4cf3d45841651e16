"""What open streams hold, as a table: bytes by package, and the lines of ours that ask for most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from bench.inside.rooms import room_of, short
from bench.tables import table

#: File, line, bytes more than before, blocks more than before.
Growth: TypeAlias = tuple[str, int, int, int]
_LINES = 15
_LEAST_BYTES = 50


class MemoryGrowth(msgspec.Struct, frozen=True):
    """What Python's allocator gave out and has not got back, over so many streams."""

    grown: Sequence[Growth]
    streams: int

    def rooms(self) -> str:
        """KiB and blocks a stream of every package, most first."""
        sizes: dict[str, int] = defaultdict(int)
        blocks: dict[str, int] = defaultdict(int)
        for file, _, size, count in self.grown:
            sizes[room_of(file)] += size
            blocks[room_of(file)] += count
        rows = [
            [room, f"{size / self.streams / 1024:.2f}", f"{blocks[room] / self.streams:.1f}"]
            for room, size in sorted(sizes.items(), key=lambda item: -item[1])
            if size / self.streams >= _LEAST_BYTES
        ]
        rows.append(["in all", f"{sum(sizes.values()) / self.streams / 1024:.2f}", ""])
        return table(["package", "KiB a stream", "blocks a stream"], rows)

    def lines(self) -> str:
        """The lines that ask for most."""
        rows = [
            [f"`{short(file)}:{number}`", f"{size / self.streams:,.0f}", f"{count / self.streams:.1f}"]
            for file, number, size, count in sorted(self.grown, key=lambda line: -line[2])[:_LINES]
        ]
        return table(["line", "bytes a stream", "blocks a stream"], rows)
