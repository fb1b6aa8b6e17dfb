#!/usr/bin/env bash
# Packages: Debian 12's lua-cjson 2.1.0, beside lua-dkjson 2.6, with lua5.4 5.4.4.
# Expected: Lua has had integers of 64 bits since 5.3, so JSON libraries read and write whole numbers exactly. One that knows doubles alone
#           keeps the IDs of the layout safe53, which fit into a double.
# Seen:     lua-cjson makes doubles of all numbers, and writes 14 digits of them. No more can be asked for: 14 is the largest value of
#           encode_number_precision. IDs of the layouts safe53 and snowflake come out as 8.1234567890123e+15 and 1.1167664908555e+18.
#           What it reads is a float, of which tostring() has 14 digits as well. dkjson, in pure Lua, is exact.
# Matters:  a service that reads an ID and sends it on sends another one, also where the layout was chosen so that JavaScript can hold
#           its IDs. A hundred IDs of safe53 that follow one another have one text or two. As JSON strings they pass.
# Source:   the run below; the package's source was not read.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -qq -o APT::Sandbox::User=root download 'lua5.4=5.4.4*' 'liblua5.4-0=5.4.4*' 'lua-cjson=2.1.0*' 'lua-dkjson=2.6*'
for package in *.deb; do dpkg -x "$package" root; done
libraries=$(dirname root/usr/lib/*/lua/5.4)
export LD_LIBRARY_PATH=$PWD/${libraries%/lua} LUA_CPATH="$PWD/$libraries/5.4/?.so"
export LUA_PATH="$PWD/root/usr/share/lua/5.4/?.lua"

cat >pass.lua <<'LUA'
local ids = { 1116766490855473153, 1116766490855473154, 8123456789012345, 8123456789012346 }
for _, name in ipairs { "cjson", "dkjson" } do
    local json = require(name)
    local encode, decode = json.encode, json.decode
    local passed = (decode('{"id":8123456789012345}'))
    print(name, "writes", encode(ids))
    print(name, "reads and writes", encode(passed), "as a string", encode((decode('{"id":"8123456789012345"}'))))
    print(name, "reads", math.type(passed.id), tostring(passed.id))
end
local cjson = require("cjson")
local texts, count = {}, 0
for id = 8123456789012301, 8123456789012400 do
    local text = cjson.encode(id)
    if not texts[text] then count = count + 1 end
    texts[text] = true
end
print("cjson", "texts of 100 IDs of safe53", count)
print("cjson", "encode_number_precision(17)", pcall(cjson.encode_number_precision, 17))
LUA
root/usr/bin/lua5.4 pass.lua | tr '\t' ' ' >seen

cat seen
diff - seen <<'EXPECTED' || { echo "lua-cjson-has-14-digits: this is not what was seen before" >&2; exit 1; }
cjson writes [1.1167664908555e+18,1.1167664908555e+18,8.1234567890123e+15,8.1234567890123e+15]
cjson reads and writes {"id":8.1234567890123e+15} as a string {"id":"8123456789012345"}
cjson reads float 8.1234567890123e+15
dkjson writes [1116766490855473153,1116766490855473154,8123456789012345,8123456789012346]
dkjson reads and writes {"id":8123456789012345} as a string {"id":"8123456789012345"}
dkjson reads integer 8123456789012345
cjson texts of 100 IDs of safe53 2
cjson encode_number_precision(17) false bad argument #1 to 'cjson.encode_number_precision' (expected integer between 1 and 14)
EXPECTED
