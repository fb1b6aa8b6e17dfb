#!/usr/bin/env bash
# Package:  PyPI pydantic-snowflake 0.1.3 with pydantic 2.14.4.
# Expected: a field that is declared as SnowflakeId holds a SnowflakeId, whatever the model was made from.
# Seen:     it does when the model is read from JSON, or given one. Given an int or a str the field stays int or str, and has no
#           datetime. The models are equal all the same, and write the same JSON. As JSON a number is refused that is taken from
#           Python. An ID that went through JSON has the epoch of 2015 instead of its generator's, and is equal to what it was: its
#           time is ten years off here. SnowflakeIds are equal to text, but not found in a set of text, and cannot be sorted.
# Matters:  code that was tested with models from JSON fails with models from a database's rows. Times are wrong without an error.
# Source:   pydantic_snowflake/snowflake.py, __get_pydantic_core_schema__ and __eq__. The README says that custom epochs and
#           reading models back are supported.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pydantic-snowflake==0.1.3 pydantic==2.14.4

"$work/venv/bin/python" - >"$work/seen" <<'PYTHON'
from datetime import datetime, timezone
from importlib.metadata import version

from pydantic import BaseModel, ValidationError
from pydantic_snowflake import SnowflakeId


class Order(BaseModel):
    id: SnowflakeId


print("pydantic-snowflake", version("pydantic-snowflake"), "with pydantic", version("pydantic"))
id = SnowflakeId(252606881816772608, epoch=datetime(2025, 1, 1, tzinfo=timezone.utc))
order = Order(id=id)
json = order.model_dump_json()
print("made with its epoch:", id.datetime.isoformat(timespec="milliseconds"), json)
for source, other in (("int", Order(id=int(id))), ("str", Order(id=str(id))), ("JSON", Order.model_validate_json(json))):
    time = getattr(other.id, "datetime", None)
    print(f"from {source}: a {type(other.id).__name__}, equal: {other == order}, same JSON: {other.model_dump_json() == json},", f"time {time and time.isoformat(timespec='milliseconds')}")
try:
    Order.model_validate_json('{"id":252606881816772608}')
except ValidationError as error:
    print("from a number in JSON:", error.errors()[0]["msg"])
print("equal to its text:", id == str(id), "- in a set of its text:", id in {str(id)})
try:
    sorted([id, id])
except TypeError as error:
    print("sorted:", error)
PYTHON

cat "$work/seen"
diff - "$work/seen" <<'EXPECTED' || { echo "id-field-has-three-types: this is not what was seen before" >&2; exit 1; }
pydantic-snowflake 0.1.3 with pydantic 2.14.4
made with its epoch: 2026-11-29T01:29:33.834+00:00 {"id":"252606881816772608"}
from int: a int, equal: True, same JSON: True, time None
from str: a str, equal: True, same JSON: True, time None
from JSON: a SnowflakeId, equal: True, same JSON: True, time 2016-11-28T01:29:33.834+00:00
from a number in JSON: Input should be a valid string
equal to its text: True - in a set of its text: False
sorted: '<' not supported between instances of 'SnowflakeId' and 'SnowflakeId'
EXPECTED
