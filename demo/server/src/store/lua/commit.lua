-- KEYS: lease, meta, journal. ARGV: token, address, milliseconds, version, all, puts, then <field> <value> of each put,
-- then the fields to be forgotten.
-- The version tells a storage that went back in time, and a write that comes after its successor. One that is repeated
-- because its answer was lost finds its own version, and writes the same again.
local stands = standing(KEYS[1], KEYS[2], ARGV[1], ARGV[2])
if stands == 'lost' then return stands end
local version, all = tonumber(ARGV[4]), ARGV[5] == '1'
if stands == 'kept' then
  local known = tonumber(redis.call('HGET', KEYS[2], 'version') or '0')
  if known > version then return 'lost' end
  if known < version - 1 then stands = 'forgotten' end
end
if stands == 'forgotten' and not all then return stands end
if all then redis.call('DEL', KEYS[3]) end
local at = 7
for _ = 1, tonumber(ARGV[6]) do
  redis.call('HSET', KEYS[3], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for index = at, #ARGV do redis.call('HDEL', KEYS[3], ARGV[index]) end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
-- What is kept now is all of what was told, whichever Redis it was told to before.
redis.call('HSET', KEYS[2], 'token', ARGV[1], 'version', ARGV[4], 'run', run())
return 'kept'
