"""Assistants whose runs look like what people see: slow and fast, long and hostile, side by side, failing."""

from __future__ import annotations

from lib.streaming.definition import Definition, FieldType, InputField, PromptDefinition
from lib.streaming.types import OnError, PromptId
from tests.support.service import echo

WORDS = " ".join(f"word{number}" for number in range(40))
MARKUP = '<img src="/x.png" onerror="alert(1)"><script>document.title = "broken in"</script> <b>&amp;</b>'
WAIT = "one two three four five six seven eight"
FOUR_TIMES = "\n\n".join(["${topic}"] * 4)
LONG = "\n\n".join(f"Paragraph {number} of a long answer." for number in range(120))
SECTION = """## Part

Some *emphasis*, **strong words** and `code` in a paragraph that goes on for a line or two, with a [link](https://example.org).

- first
- second
  - nested

| Name | Count |
|:-----|------:|
| one  | 1     |

```python
def count(words: list[str]) -> int:
    return len(words)
```

"""


def prompt(name: str, content: str, model: str, position: int) -> PromptDefinition:
    return PromptDefinition(PromptId(name.lower()), name, content, f"scripted/{model}", position)


def chain(name: str, *prompts: PromptDefinition, on_error: OnError = OnError.STOP) -> Definition:
    return Definition(
        name, fields=(InputField("topic", FieldType.LONG_TEXT, "Topic", True),), prompts=prompts, on_error=on_error
    )


ASSISTANTS = (
    echo(name="Echo"),
    echo(name="Slow echo", content="${topic}", model="scripted/slow-60"),
    chain("Long answer", prompt("Answer", FOUR_TIMES, "echo", 0)),
    chain(
        "Long answer to whoever waits",
        prompt("Wait", WAIT, "slow-400", 0),
        prompt("Answer", FOUR_TIMES, "echo", 1),
        prompt("End", "That was all.", "echo", 2),
    ),
    chain(
        "Two sides",
        prompt("Left", "left ${topic}", "slow-40", 0),
        prompt("Right", "right ${topic}", "slow-40", 0),
        prompt("End", "${left} and ${right}", "reasoning", 1),
    ),
    chain(
        "Trouble",
        prompt("Good", "good", "echo", 0),
        prompt("Bad", "bad", "fault-reset", 1),
        prompt("Late", "late", "echo", 2),
        on_error=OnError.CONTINUE,
    ),
    chain("Limited", prompt("Only", "${topic}", "fault-429-after-5", 0)),
    echo(name=f"Echo {MARKUP}", description=MARKUP, content=f"{MARKUP} ${{topic}}"),
    echo(name="Hostile", content="${topic}"),
)
