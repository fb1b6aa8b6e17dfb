#!/usr/bin/env bash
# Packages: Debian 12's lua-dbi-sqlite3 0.7.2, beside lua-sql-sqlite3 2.6.0, with lua5.4 5.4.4 and libsqlite3-0 3.40.1.
# Expected: Lua has had integers of 64 bits since 5.3, and SQLite has them, so an ID that is written through the driver is in the table
#           and is read back.
# Seen:     LuaDBI reads the low 32 bits of every INTEGER, with their sign, also of the layout safe53's IDs. Bound as a parameter, an
#           integer is first made a double, so that the row has another ID than the program: the row that was written is not found
#           by the ID's own digits. A text parameter, and a column that is cast to TEXT, are exact. LuaSQL reads the integer, and has no
#           parameters.
# Matters:  IDs of one worker are equal in the program when they are 1,024 ms apart, and IDs of one tick are one row for a UNIQUE column.
# Source:   the run below; the package's source was not read.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'lua5.4=5.4.4*' 'liblua5.4-0=5.4.4*' 'lua-dbi-common=0.7.2*' 'lua-dbi-sqlite3=0.7.2*' \
    'lua-sql-sqlite3=2.6.0*' 'libsqlite3-0=3.40.1*'
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(dirname root/usr/lib/*/libsqlite3.so.0)
export LD_LIBRARY_PATH=$PWD/$libraries LUA_CPATH="$PWD/$libraries/lua/5.4/?.so" LUA_PATH="$PWD/root/usr/share/lua/5.4/?.lua"

cat >rows.lua <<'LUA'
local ids = { 1116766490855473153, 1116766490855473154, 1116766490855473153 + (1 << 32), 8123456789012345 }
local columns = "id, CAST(id AS TEXT) AS text"

local dbi = assert(require("DBI").Connect("SQLite3", "rows.db"))
dbi:autocommit(true)
local function run(statement, ...)
    statement = assert(dbi:prepare(statement))
    return statement, assert(statement:execute(...))
end
run("CREATE TABLE numbers (id INTEGER)")
run("CREATE TABLE texts (id INTEGER)")
run("CREATE TABLE keys (id INTEGER UNIQUE)")
for _, id in ipairs(ids) do
    run("INSERT INTO numbers VALUES (?)", id)
    run("INSERT INTO texts VALUES (?)", string.format("%d", id))
end
for _, name in ipairs { "numbers", "texts" } do
    local place = 0
    for row in run("SELECT " .. columns .. " FROM " .. name):rows(true) do
        place = place + 1
        print("LuaDBI, parameters are " .. name, ids[place], "read as text " .. row.text, "read " .. row.id)
    end
end
for _, id in ipairs { ids[1], ids[2] } do
    local statement = assert(dbi:prepare("INSERT INTO keys VALUES (?)"))
    print("LuaDBI, UNIQUE", id, (select(2, statement:execute(id))) or "inserted")
end
local found = run("SELECT count(*) AS rows FROM numbers WHERE id = 1116766490855473153"):fetch(true)
print("LuaDBI, rows with id = 1116766490855473153", found.rows)

local connection = assert(require("luasql.sqlite3").sqlite3():connect("rows.db"))
local cursor = connection:execute("SELECT " .. columns .. " FROM texts")
local row = cursor:fetch({}, "a")
while row do
    print("LuaSQL", "read as text " .. row.text, "read " .. row.id)
    row = cursor:fetch(row, "a")
end
LUA
root/usr/bin/lua5.4 rows.lua | tr '\t' ' ' >seen

cat seen
diff - seen <<'EXPECTED' || { echo "lua-drivers-read-32-bits: this is not what was seen before" >&2; exit 1; }
LuaDBI, parameters are numbers 1116766490855473153 read as text 1116766490855473152 read -528482304
LuaDBI, parameters are numbers 1116766490855473154 read as text 1116766490855473152 read -528482304
LuaDBI, parameters are numbers 1116766495150440449 read as text 1116766495150440448 read -528482304
LuaDBI, parameters are numbers 8123456789012345 read as text 8123456789012345 read -1404969095
LuaDBI, parameters are texts 1116766490855473153 read as text 1116766490855473153 read -528482303
LuaDBI, parameters are texts 1116766490855473154 read as text 1116766490855473154 read -528482302
LuaDBI, parameters are texts 1116766495150440449 read as text 1116766495150440449 read -528482303
LuaDBI, parameters are texts 8123456789012345 read as text 8123456789012345 read -1404969095
LuaDBI, UNIQUE 1116766490855473153 inserted
LuaDBI, UNIQUE 1116766490855473154 Execute failed UNIQUE constraint failed: keys.id
LuaDBI, rows with id = 1116766490855473153 0
LuaSQL read as text 1116766490855473153 read 1116766490855473153
LuaSQL read as text 1116766490855473154 read 1116766490855473154
LuaSQL read as text 1116766495150440449 read 1116766495150440449
LuaSQL read as text 8123456789012345 read 8123456789012345
EXPECTED
