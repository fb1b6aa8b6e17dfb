#!/usr/bin/env bash
# Package:  PyPI igraph 1.0.0.
# Expected: an attribute that is an int in Python comes back from GraphML and GML as the number that it was, or as its nearest double.
# Seen:     both are written with 15 digits. That is less than a double has, so IDs of the layout safe53 lose the last digit as well, and
#           are others. Pickle and an attribute of text keep all digits.
# Matters:  a graph whose vertices carry IDs cannot be joined with its rows any more. Give the attribute as text.
# Source:   the run below; the package's source was not read.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check igraph==1.0.0

cat >seen.py <<'PYTHON'
import igraph

print("igraph", igraph.__version__)
for ids in ((1116766490855473153, 1116766490855473154), (8123456789012345, 8123456789012346)):
    for kind, values in (("int", list(ids)), ("str", [str(each) for each in ids])):
        graph = igraph.Graph(2)
        graph.vs["user"] = values
        for form in ("graphml", "gml", "pickle"):
            getattr(graph, f"write_{form}")(f"graph.{form}")
            print(kind, *ids, form, *igraph.Graph.Read(f"graph.{form}", format=form).vs["user"])
PYTHON
venv/bin/python -W ignore seen.py >seen

cat seen
diff - seen <<'EXPECTED' || { echo "igraph-writes-15-digits: this is not what was seen before" >&2; exit 1; }
igraph 1.0.0
int 1116766490855473153 1116766490855473154 graphml 1.11676649085547e+18 1.11676649085547e+18
int 1116766490855473153 1116766490855473154 gml 1.11676649085547e+18 1.11676649085547e+18
int 1116766490855473153 1116766490855473154 pickle 1116766490855473153 1116766490855473154
str 1116766490855473153 1116766490855473154 graphml 1116766490855473153 1116766490855473154
str 1116766490855473153 1116766490855473154 gml 1116766490855473153 1116766490855473154
str 1116766490855473153 1116766490855473154 pickle 1116766490855473153 1116766490855473154
int 8123456789012345 8123456789012346 graphml 8123456789012340.0 8123456789012350.0
int 8123456789012345 8123456789012346 gml 8123456789012340.0 8123456789012350.0
int 8123456789012345 8123456789012346 pickle 8123456789012345 8123456789012346
str 8123456789012345 8123456789012346 graphml 8123456789012345 8123456789012346
str 8123456789012345 8123456789012346 gml 8123456789012345 8123456789012346
str 8123456789012345 8123456789012346 pickle 8123456789012345 8123456789012346
EXPECTED
