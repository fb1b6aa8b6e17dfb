#!/usr/bin/env bash
# Package:  PyPI xgboost-cpu 3.2.0.
# Expected: qid= puts rows with one query ID into one group for ranking, and rows with two IDs into two.
# Seen:     an array of 64-bit integers is cut to its low 32 bits, without a warning. Under the layout snowflake, queries of one worker with
#           one sequence number which are a multiple of 1,024 ms apart are one group, here all of six queries a second or two apart. At
#           other distances the low bits fall at some row, and DMatrix refuses a sorted array because it were not sorted. Both depend on the
#           IDs: queries that are all within 1,024 ms of one another are grouped well. The same IDs in a file in LIBSVM's format are read
#           with 64 bits.
# Matters:  a model for ranking is trained on pairs of rows from different queries, and scores such as NDCG are those of one list. A small
#           test has few queries and shows nothing. Number the queries from 0 on, or give group= with the sizes.
# Source:   the docstring of xgboost.DMatrix, "qid", which names no type or limit; the text of the error.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check xgboost-cpu==3.2.0 numpy==2.4.6 scipy==1.17.1

cat >seen.py <<'PYTHON'
from datetime import datetime, timezone

import numpy as np
import xgboost

start = int(datetime(2026, 6, 1, tzinfo=timezone.utc).timestamp() * 1000) - 1_288_834_974_657
rows = np.zeros((12, 1), "f4")
labels = np.tile([0, 1], 6)


def sizes(make):
    try:
        return np.diff(make().get_uint_info("group_ptr")).tolist()
    except xgboost.core.XGBoostError as error:
        return next(line for line in str(error).splitlines() if "Check failed" in line).split("] ", 1)[-1].split(": ", 1)[-1]


print("xgboost", xgboost.__version__)
for step in (37, 1000, 1024, 2048):
    ids = np.repeat([(start + each * step) << 22 | 7 << 12 for each in range(6)], 2)
    print(f"six queries of two rows, {step} ms apart; sorted: {bool((np.diff(ids) >= 0).all())}")
    with open("rows.svm", "w") as file:
        file.writelines(f"{label} qid:{each} 0:1\n" for label, each in zip(labels, ids))
    print("  int64: ", sizes(lambda: xgboost.DMatrix(rows, label=labels, qid=ids)))
    print("  uint64:", sizes(lambda: xgboost.DMatrix(rows, label=labels, qid=ids.astype(np.uint64))))
    print("  0, 1, …:", sizes(lambda: xgboost.DMatrix(rows, label=labels, qid=np.unique(ids, return_inverse=True)[1])))
    print("  LIBSVM:", sizes(lambda: xgboost.DMatrix("rows.svm?format=libsvm")))
PYTHON
venv/bin/python -W ignore seen.py >seen

cat seen
diff - seen <<'EXPECTED' || { echo "xgboost-groups-have-32-bits: this is not what was seen before" >&2; exit 1; }
xgboost 3.2.0
six queries of two rows, 37 ms apart; sorted: True
  int64:  [2, 2, 2, 2, 2, 2]
  uint64: [2, 2, 2, 2, 2, 2]
  0, 1, …: [2, 2, 2, 2, 2, 2]
  LIBSVM: [2, 2, 2, 2, 2, 2]
six queries of two rows, 1000 ms apart; sorted: True
  int64:  Check failed: non_dec: `qid` must be sorted in non-decreasing order along with data.
  uint64: Check failed: non_dec: `qid` must be sorted in non-decreasing order along with data.
  0, 1, …: [2, 2, 2, 2, 2, 2]
  LIBSVM: [2, 2, 2, 2, 2, 2]
six queries of two rows, 1024 ms apart; sorted: True
  int64:  [12]
  uint64: [12]
  0, 1, …: [2, 2, 2, 2, 2, 2]
  LIBSVM: [2, 2, 2, 2, 2, 2]
six queries of two rows, 2048 ms apart; sorted: True
  int64:  [12]
  uint64: [12]
  0, 1, …: [2, 2, 2, 2, 2, 2]
  LIBSVM: [2, 2, 2, 2, 2, 2]
EXPECTED
