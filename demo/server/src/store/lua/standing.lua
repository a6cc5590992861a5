-- Where a holder stands: "kept", "forgotten" (the storage is older than what the holder knows, and nobody has taken the
-- room since) or "lost". A token is "<n>-<of whom>"; who takes the room later has a higher n, but for a storage that was
-- emptied, where the rest of the token tells two apart.
local function number(token) return tonumber(string.match(token, '^%d+')) or 0 end

local function standing(lease, meta, token, address)
  local held = redis.call('GET', lease)
  if held and held ~= token .. ' ' .. address then return 'lost' end
  local known = redis.call('HGET', meta, 'token')
  if not known then return 'forgotten' end
  if known == token then return 'kept' end
  return number(known) < number(token) and 'forgotten' or 'lost'
end
