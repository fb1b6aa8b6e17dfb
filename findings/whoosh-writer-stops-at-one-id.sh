#!/usr/bin/env bash
# Package:  PyPI Whoosh 2.7.4.
# Expected: a NUMERIC field that cannot hold an ID refuses the document with that ID, and takes those that come after it. A query for such
#           an ID is an error, as the document was.
# Seen:     the default of NUMERIC is 32 bits, and with bits=64 it is signed, so that IDs from 2^63 on are out of range. The ValueError
#           leaves the document half open: each add_document() after it is "Called start_doc when already in a doc", whatever its ID is. A
#           commit then succeeds, without the documents that came after, and with an empty one in the place of the one before. Queries have
#           no error: a range that ends above the field's is empty, though rows are in it. With bits=64 and signed=False all is right.
# Matters:  a loop that logs the error of one document and goes on loses all that come after it in that writer, and one that it had added.
#           Cancel the writer after an error, and declare IDs as NUMERIC(bits=64, signed=False), or as ID, which is text.
# Source:   whoosh/fields.py, the docstring of NUMERIC; whoosh/writing.py, SegmentWriter.add_document.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check Whoosh==2.7.4

cat >seen.py <<'PYTHON'
from whoosh import __version__
from whoosh.fields import NUMERIC, Schema
from whoosh.filedb.filestore import RamStorage
from whoosh.qparser import QueryParser

print("Whoosh", ".".join(map(str, __version__)))
snowflake, discord = 1116766490855473153, 2**63 + 1
for arguments, ids in (
    ({}, (5, 6, snowflake, 7)),
    ({"bits": 64}, (snowflake, snowflake + 1, discord, snowflake + 2)),
    ({"bits": 64, "signed": False}, (snowflake, snowflake + 1, discord, snowflake + 2)),
):
    print("NUMERIC", arguments)
    schema = Schema(id=NUMERIC(stored=True, **arguments))
    index = RamStorage().create_index(schema)
    writer = index.writer()
    for each in ids:
        try:
            writer.add_document(id=each)
            print(f"  {each} is added")
        except Exception as error:
            print(f"  {each}: {type(error).__name__}, {error}")
    writer.commit()
    with index.searcher() as searcher:
        print("  after the commit:", *searcher.documents())
        for query in (f"id:{ids[2]}", f"id:[{ids[0]} TO {ids[2]}]"):
            found = searcher.search(QueryParser("id", schema).parse(query))
            print(f"  {query}:", *sorted(each.get("id", 0) for each in found) or ["nothing"])
PYTHON
venv/bin/python -W ignore seen.py >seen

cat seen
diff - seen <<'EXPECTED' || { echo "whoosh-writer-stops-at-one-id: this is not what was seen before" >&2; exit 1; }
Whoosh 2.7.4
NUMERIC {}
  5 is added
  6 is added
  1116766490855473153: ValueError, Numeric field value 1116766490855473153 out of range [-2147483648, 2147483647]
  7: Exception, Called start_doc when already in a doc
  after the commit: {'id': 5} {}
  id:1116766490855473153: nothing
  id:[5 TO 1116766490855473153]: nothing
NUMERIC {'bits': 64}
  1116766490855473153 is added
  1116766490855473154 is added
  9223372036854775809: ValueError, Numeric field value 9223372036854775809 out of range [-9223372036854775808, 9223372036854775807]
  1116766490855473155: Exception, Called start_doc when already in a doc
  after the commit: {'id': 1116766490855473153} {}
  id:9223372036854775809: nothing
  id:[1116766490855473153 TO 9223372036854775809]: nothing
NUMERIC {'bits': 64, 'signed': False}
  1116766490855473153 is added
  1116766490855473154 is added
  9223372036854775809 is added
  1116766490855473155 is added
  after the commit: {'id': 1116766490855473153} {'id': 1116766490855473154} {'id': 9223372036854775809} {'id': 1116766490855473155}
  id:9223372036854775809: 9223372036854775809
  id:[1116766490855473153 TO 9223372036854775809]: 1116766490855473153 1116766490855473154 1116766490855473155 9223372036854775809
EXPECTED
