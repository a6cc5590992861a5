-- Where a holder stands: "kept", "forgotten" (the storage is older than what the holder knows, and nobody has written to
-- the room since) or "lost". A token is "<n>-<of whom>"; who takes the room later has a higher n, but for a storage that was
-- emptied. There the rest of the token tells two apart, and so does which Redis was written to last: it is this one if
-- somebody began anew in it.
local function number(token) return tonumber(string.match(token, '^%d+')) or 0 end

local function run() return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or '' end

local function standing(lease, meta, token, address)
  local held = redis.call('GET', lease)
  if held and held ~= token .. ' ' .. address then return 'lost' end
  local known = redis.call('HGET', meta, 'token')
  if not known then return 'forgotten' end
  if known == token then return 'kept' end
  local older = number(known) < number(token) and redis.call('HGET', meta, 'run') ~= run()
  return older and 'forgotten' or 'lost'
end
