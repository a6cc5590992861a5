-- KEYS: lease, meta, journal. ARGV: of whom, address, milliseconds. What is answered ends with the journal.
-- A lease of this very address is that of an earlier process here: nobody else can listen where this one does.
local held = redis.call('GET', KEYS[1])
if held and string.match(held, ' (.*)$') ~= ARGV[2] then return {'held', held} end
local token = (number(redis.call('HGET', KEYS[2], 'token') or '') + 1) .. '-' .. ARGV[1]
redis.call('SET', KEYS[1], token .. ' ' .. ARGV[2], 'PX', ARGV[3])
redis.call('HSET', KEYS[2], 'token', token)
-- A storage that was restarted may have lost the last of what was told. It stays so until somebody writes to it: who takes
-- the room now may die before that.
local before = redis.call('HGET', KEYS[2], 'run')
local taken = {'taken', token, redis.call('HGET', KEYS[2], 'version') or '0', (before and before ~= run()) and '1' or '0'}
for _, text in ipairs(redis.call('HGETALL', KEYS[3])) do taken[#taken + 1] = text end
return taken
