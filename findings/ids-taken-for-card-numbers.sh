#!/usr/bin/env bash
# Packages: PyPI scrubadub 2.0.1 and python-stdnum 2.2.
# Expected: a cleaner of logs takes for a card's number what has its length, its first digits and its check digit, and nothing in the middle
#           of a longer number.
# Seen:     scrubadub's pattern has no end: of an ID of 19 digits it looks at the first 14 to 16. If they begin as a card's number does and
#           have a valid check digit, which a tenth has, it takes them and leaves the rest. So it depends on the date. Under the
#           layout snowflake no ID is taken in the Septembers of 2025, 2026, 2031 and 2032, and a tenth in those between, and some of
#           these have one text afterwards. discord's IDs are as far some years later. A check digit alone, as in python-stdnum's luhn,
#           is valid in a tenth of all IDs at any date.
# Matters:  a log that kept its IDs for years loses a tenth of them from one day to the next, with a package that nobody changed, and
#           the three digits that stay are no ID. Write IDs in logs with a prefix or in a text with letters, or tell the cleaner of them.
# Source:   scrubadub/detectors/credit_card.py, the pattern, and the run below.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check scrubadub==2.0.1 python-stdnum==2.2

cat >seen.py <<'PYTHON'
from collections import Counter
from datetime import datetime, timezone
from importlib.metadata import version

from scrubadub import Scrubber
from scrubadub.detectors import CreditCardDetector
from stdnum import luhn

epochs = {"snowflake": 1_288_834_974_657, "discord": 1_420_070_400_000}
scrubber = Scrubber(detector_list=[CreditCardDetector()])
print("scrubadub", version("scrubadub"), "python-stdnum", version("python-stdnum"))
for layout, epoch in epochs.items():
    for year in (2025, 2026, 2027, 2028, 2029, 2030, 2031, 2032, 2033):
        start = int(datetime(year, 9, 1, tzinfo=timezone.utc).timestamp() * 1000) - epoch
        ids = [start + each * 37 << 22 | 7 << 12 for each in range(1000)]
        texts = [scrubber.clean(f"order {each} was paid") for each in ids]
        taken = [text for text in texts if "CARD" in text]
        valid = sum(luhn.is_valid(str(each)) for each in ids)
        print(f"{layout}, September {year}: {len(taken)} of 1,000 taken, {len(set(texts))} texts, {valid} with a valid check digit; {texts[0]}")
PYTHON
venv/bin/python -W ignore seen.py >seen

cat seen
diff - seen <<'EXPECTED' || { echo "ids-taken-for-card-numbers: this is not what was seen before" >&2; exit 1; }
scrubadub 2.0.1 python-stdnum 2.2
snowflake, September 2025: 0 of 1,000 taken, 1000 texts, 100 with a valid check digit; order 1962304393835474944 was paid
snowflake, September 2026: 0 of 1,000 taken, 1000 texts, 105 with a valid check digit; order 2094575964779474944 was paid
snowflake, September 2027: 112 of 1,000 taken, 970 texts, 113 with a valid check digit; order 2226847535723474944 was paid
snowflake, September 2028: 104 of 1,000 taken, 971 texts, 98 with a valid check digit; order 2359481494533074944 was paid
snowflake, September 2029: 105 of 1,000 taken, 970 texts, 101 with a valid check digit; order 2491753065477074944 was paid
snowflake, September 2030: 94 of 1,000 taken, 978 texts, 109 with a valid check digit; order 2624024636421074944 was paid
snowflake, September 2031: 0 of 1,000 taken, 1000 texts, 100 with a valid check digit; order 2756296207365074944 was paid
snowflake, September 2032: 0 of 1,000 taken, 1000 texts, 105 with a valid check digit; order 2888930166174674944 was paid
snowflake, September 2033: 95 of 1,000 taken, 1000 texts, 106 with a valid check digit; order 3021201737118674944 was paid
discord, September 2025: 0 of 1,000 taken, 1000 texts, 103 with a valid check digit; order 1411863124377628672 was paid
discord, September 2026: 0 of 1,000 taken, 1000 texts, 94 with a valid check digit; order 1544134695321628672 was paid
discord, September 2027: 0 of 1,000 taken, 1000 texts, 91 with a valid check digit; order 1676406266265628672 was paid
discord, September 2028: 0 of 1,000 taken, 1000 texts, 99 with a valid check digit; order 1809040225075228672 was paid
discord, September 2029: 0 of 1,000 taken, 1000 texts, 113 with a valid check digit; order 1941311796019228672 was paid
discord, September 2030: 0 of 1,000 taken, 1000 texts, 102 with a valid check digit; order 2073583366963228672 was paid
discord, September 2031: 0 of 1,000 taken, 1000 texts, 111 with a valid check digit; order 2205854937907228672 was paid
discord, September 2032: 101 of 1,000 taken, 973 texts, 99 with a valid check digit; order 2338488896716828672 was paid
discord, September 2033: 98 of 1,000 taken, 976 texts, 95 with a valid check digit; order 2470760467660828672 was paid
EXPECTED
