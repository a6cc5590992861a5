-- KEYS: lease, meta. ARGV: token, address, milliseconds.
local stands = standing(KEYS[1], KEYS[2], ARGV[1], ARGV[2])
if stands == 'kept' then redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3]) end
return stands
