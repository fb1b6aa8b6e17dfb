"""Sets of IDs as intervals, so that 10^12 of them fit in memory."""

import numpy

#: First and last ID of each run.
EMPTY = numpy.zeros((0, 2), dtype="<u8")


def of_ids(ids: numpy.ndarray) -> numpy.ndarray:
    """The spans of rising IDs: neighbours are joined."""
    starts = numpy.flatnonzero(numpy.diff(ids, prepend=ids[:1] - numpy.uint64(2)) != 1)
    ends = numpy.append(starts[1:], len(ids)) - 1
    return numpy.stack([ids[starts], ids[ends]], axis=1)


def count(spans: numpy.ndarray) -> int:
    return int((spans[:, 1] - spans[:, 0] + numpy.uint64(1)).sum()) if len(spans) else 0


class IDSet:
    """What was given out. Spans that touch become one, so it grows with the ticks that were used and not with the IDs."""

    def __init__(self, spans: numpy.ndarray = EMPTY):
        self.spans = spans
        self.added = 0
        #: How many IDs were there already when they were added.
        self.twice = 0

    def add(self, spans: numpy.ndarray):
        self.added += count(spans)
        spans = numpy.concatenate([self.spans, spans])
        if not len(spans):
            return
        spans = spans[numpy.argsort(spans[:, 0], kind="stable")]
        first, last = spans[:, 0], spans[:, 1]
        # The highest ID of all spans that begin before.
        reached = numpy.maximum.accumulate(last)
        overlaps = numpy.flatnonzero(first[1:] <= reached[:-1]) + 1
        if len(overlaps):
            shared = numpy.minimum(reached[overlaps - 1], last[overlaps]) - first[overlaps] + numpy.uint64(1)
            self.twice += int(shared.sum())
        starts = numpy.flatnonzero(numpy.append(True, first[1:] > reached[:-1] + numpy.uint64(1)))
        ends = numpy.append(starts[1:], len(spans)) - 1
        self.spans = numpy.stack([first[starts], reached[ends]], axis=1)

    def finds_planted(self) -> bool:
        """Whether it notices IDs that are put in again: a whole span, a single ID, and two that overlap it."""
        first, last = (int(each) for each in self.spans[len(self.spans) // 2])
        planted = numpy.array([[first, last], [first, first], [max(first, 1) - 1, first], [last, last + 1]], dtype="<u8")
        for span in planted:
            copy = IDSet(self.spans)
            copy.add(span.reshape(1, 2))
            if copy.twice == 0 or copy.twice > count(span.reshape(1, 2)):
                return False
        return True
