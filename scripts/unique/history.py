"""The history of calls as Jepsen writes it, and the figures that its checker `unique-ids` gives."""

import time
from collections import Counter
from pathlib import Path

import gather


class History:
    """One thread of a history: it has one call open at a time.

    A call that gets no answer is `:info`, because the daemon may have used an ID for it; after it the thread is another process, as
    Jepsen has it.
    """

    def __init__(self, file: Path):
        # Line by line: a process that multiprocessing started ends without writing what is in its buffers.
        self.file, self.process = file.open("w", buffering=1), 0
        self.begun = time.monotonic_ns()

    def write(self, kind: str, value: int | None):
        moment = time.monotonic_ns() - self.begun
        number = "nil" if value is None else value
        self.file.write(f"{{:process {self.process}, :type :{kind}, :f :generate, :value {number}, :time {moment}}}\n")

    def take(self, connection: gather.Connection):
        for call in range(1, gather.IN_FLIGHT + 1):
            self.write("invoke", None)
            try:
                connection.send(gather.request(call, b"\x1a\x00"))
                found = connection.response()
            except OSError:
                self.write("info", None)
                self.process += 1
                raise
            if found is None:
                self.write("fail", None)
                return
            self.write("ok", found[0][0])
            yield gather.numpy.array(found, dtype="<u8")


def figures(lines) -> dict[str, object]:
    """What `unique-ids` says of a history, in its terms."""
    attempted, values = 0, Counter()
    for line in lines:
        if ":type :invoke" in line:
            attempted += 1
        elif ":type :ok" in line:
            values[int(line.split(":value ")[1].split(",")[0])] += 1
    twice = {value: count for value, count in values.items() if count > 1}
    return {
        ":valid?": bool(values) and not twice,
        ":attempted-count": attempted,
        ":acknowledged-count": values.total(),
        ":duplicated-count": len(twice),
        ":duplicated": twice,
        ":range": [min(values), max(values)] if values else [],
    }
