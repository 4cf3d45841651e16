"""How large a template may be and how much one rendering may do.

The work allowance is counted in units of one to three nanoseconds (set by timing the worst template known for each
price), so it bounds time; every character made costs `COPIED`, so it bounds memory as well.
"""

from __future__ import annotations

from typing import Final

#: Characters of one template as written. Long fixed text belongs here; long changing text comes in as a value.
MAX_SOURCE: Final = 200_000
#: Words and signs inside `{{ }}` and `{% %}`, and characters of one number, name or text there: they bound the
#: parser before there is a tree to measure.
MAX_TOKENS: Final = 3_000
MAX_BRACKETS: Final = 15
MAX_NODES: Final = 2_000
MAX_DEPTH: Final = 40
MAX_LOOP_DEPTH: Final = 2
MAX_PLACEHOLDERS: Final = 50
MAX_NUMBER: Final = 15
MAX_NAME: Final = 200
MAX_STRING: Final = 10_000
#: Problems reported at once; beyond that they repeat themselves.
MAX_PROBLEMS: Final = 50

#: Characters of one rendered prompt, and of any text on the way to it.
MAX_TEXT: Final = 10_000_000
#: Characters of data that may be written as JSON, where one character may become six.
MAX_JSON: Final = 1_000_000
#: Items in all the lists and objects handed to one rendering, and how deep they may nest.
MAX_ITEMS: Final = 100_000
MAX_NESTING: Final = 20

MAX_WORK: Final = 60_000_000
#: One part of an expression or statement; on top of that one filter or test; one missing part that is answered for.
STEP: Final = 200
CALL: Final = 800
MISSING: Final = 5_000
#: One item of a list or object passed over; one looped over, joined, folded or sorted.
ITEM: Final = 100
VISITED: Final = 500
#: One number written out.
SPELLED: Final = 1_500
#: One character made, read, searched, changed in case, split off as part of a word or line, set in title case, quoted.
COPIED: Final = 4
READ: Final = 1
SEARCHED: Final = 5
CHANGED: Final = 30
SPLIT: Final = 100
TITLED: Final = 250
QUOTED: Final = 50
