#!/usr/bin/env bash
# Package:  PyPI pyogrio 0.13.0, which has GDAL 3.12.4 in it; beside it dbfread 2.0.7.
# Expected: an integer column that GDAL has written into a shapefile, whose table is a dBase file of digits, is read back by GDAL.
# Seen:     it is, as long as no number has more than 18 digits. One ID of 19 digits makes the column 19 wide; the digits in the file are
#           all there, and dbfread reads them. GDAL takes each column wider than 18 for doubles, also the shorter IDs in it, without
#           a warning, and a filter by one ID finds others. With the open option ADJUST_TYPE=YES it looks at all rows first, and
#           reads integers.
# Matters:  IDs have passed through the same program for years, until they had 19 digits: those of the layout snowflake in May 2018, of
#           discord in July 2022. From then on up to 128 successive numbers, or 256, are one. GeoPackage keeps them.
# Source:   GDAL's ogr/ogrsf_frmts/shape/shape2ogr.cpp, SHPReadOGRFeatureDefn: Integer64 below a width of 19, otherwise Real.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pyogrio==0.13.0 numpy==2.4.6 dbfread==2.0.7

cat >seen.py <<'PYTHON'
import warnings

import numpy
import pyogrio
from dbfread import DBF

warnings.simplefilter("error")


def numbers(file, **options):
    column = pyogrio.raw.read(file, **options)[3][0]
    return column.dtype, [int(each) for each in column]


print("pyogrio", pyogrio.__version__, "GDAL", ".".join(str(each) for each in pyogrio.__gdal_version__))
for name, ids in (
    ("18 digits", [915204848634130497, 915204848634130498]),
    ("19 digits", [915204848634130497, 1116766490855473153, 1116766490855473154]),
):
    print(name, *ids)
    for driver, file in (("ESRI Shapefile", "ids.dbf"), ("GPKG", "ids.gpkg")):
        pyogrio.raw.write(
            file, geometry=None, field_data=[numpy.array(ids)], fields=["id"], geometry_type=None, crs=None, driver=driver
        )
        print(f"  {driver}:", *numbers(file))
        print(f"  {driver}, where id = {ids[-1]}:", *numbers(file, where=f"id = {ids[-1]}"))
    print("  ESRI Shapefile, ADJUST_TYPE=YES:", *numbers("ids.dbf", ADJUST_TYPE="YES"))
    print("  dbfread:", *(row["id"] for row in DBF("ids.dbf")))
PYTHON
venv/bin/python seen.py >seen

cat seen
diff - seen <<'EXPECTED' || { echo "shapefile-with-19-digits-is-doubles: this is not what was seen before" >&2; exit 1; }
pyogrio 0.13.0 GDAL 3.12.4
18 digits 915204848634130497 915204848634130498
  ESRI Shapefile: int64 [915204848634130497, 915204848634130498]
  ESRI Shapefile, where id = 915204848634130498: int64 [915204848634130498]
  GPKG: int64 [915204848634130497, 915204848634130498]
  GPKG, where id = 915204848634130498: int64 [915204848634130498]
  ESRI Shapefile, ADJUST_TYPE=YES: int64 [915204848634130497, 915204848634130498]
  dbfread: 915204848634130497 915204848634130498
19 digits 915204848634130497 1116766490855473153 1116766490855473154
  ESRI Shapefile: float64 [915204848634130560, 1116766490855473152, 1116766490855473152]
  ESRI Shapefile, where id = 1116766490855473154: float64 [1116766490855473152, 1116766490855473152]
  GPKG: int64 [915204848634130497, 1116766490855473153, 1116766490855473154]
  GPKG, where id = 1116766490855473154: int64 [1116766490855473154]
  ESRI Shapefile, ADJUST_TYPE=YES: int64 [915204848634130497, 1116766490855473153, 1116766490855473154]
  dbfread: 915204848634130497 1116766490855473153 1116766490855473154
EXPECTED
