"""The Redis scripts of the log: each is one step that nothing can come between.

A topic is a hash with its state and a stream with its last events. An epoch ends with the server's
run: a server that comes back with an older state must not count on from there, because clients have
been told otherwise.
"""

_LIVING = """
local function run_id()
  local told = redis.pcall('INFO', 'server')
  return type(told) == 'string' and string.match(told, 'run_id:(%x+)') or 'unknown'
end
local kept = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'version', 'offset', 'shown')
local living = kept[1] and kept[2] == run_id()
local epoch = living and kept[1] or ''
local version = living and tonumber(kept[3]) or 0
local offset = living and tonumber(kept[4]) or 0
local shown = living and tonumber(kept[5]) or 0
"""

# KEYS topic, events, lease; ARGV ago ms, lease ms, life ms
CLAIM = (
    _LIVING
    + """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local began = living and tonumber(redis.call('HGET', KEYS[1], 'began') or '0') or 0
if living then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
if began <= now and began > now - tonumber(ARGV[1]) then
  return {'done', 0, 0, epoch, offset}
end
if not redis.call('SET', KEYS[3], '1', 'NX', 'PX', ARGV[2]) then
  return {'wait', math.max(1, redis.call('PTTL', KEYS[3])), 0, epoch, offset}
end
local ticket = redis.call('HINCRBY', KEYS[1], 'tickets', 1)
redis.call('HSET', KEYS[1], 'began', now)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {'go', 0, ticket, epoch, offset}
"""
)

# KEYS topic, events; ARGV epoch, version, ticket, new epoch, state, ids, life ms, longest, wake
# channel, wake message, steps, events, then word and data of each, then channel and message of each
PUBLISH = (
    _LIVING
    + """
if epoch ~= ARGV[1] or version ~= tonumber(ARGV[2]) then return 0 end
if living and tonumber(ARGV[3]) < shown then return 1 end
local steps, events = tonumber(ARGV[11]), tonumber(ARGV[12])
if not living then
  local tickets = tonumber(redis.call('HGET', KEYS[1], 'tickets') or '0')
  local began = redis.call('HGET', KEYS[1], 'began') or '0'
  redis.call('DEL', KEYS[1], KEYS[2])
  epoch, version = ARGV[4], 1
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'run', run_id(), 'began', began, 'tickets', math.max(tickets, tonumber(ARGV[3])))
elseif steps > 0 and events == 0 then
  -- Too much to keep: whoever follows reads the state anew.
  version, offset = version + 1, offset + 1
  redis.call('DEL', KEYS[2])
else
  version = version + steps
end
local at = 13
for _ = 1, events do
  offset = offset + 1
  redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[8], offset .. '-1', 'e', ARGV[at], 'd', ARGV[at + 1])
  at = at + 2
end
redis.call('HSET', KEYS[1], 'version', version, 'offset', offset, 'shown', ARGV[3], 'state', ARGV[5], 'ids', ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
if steps > 0 or not living then redis.call('PUBLISH', ARGV[9], ARGV[10]) end
while at < #ARGV do
  redis.call('PUBLISH', ARGV[at], ARGV[at + 1])
  at = at + 2
end
return 1
"""
)

# KEYS topic, events, remarks; ARGV digest, data, life ms, longest, wake channel, wake message, ids…
REMARK = (
    _LIVING
    + """
if not living then return 0 end
local ids = redis.call('HGET', KEYS[1], 'ids') or ''
for at = 7, #ARGV do
  if not string.find(ids, ARGV[at], 1, true) then return 0 end
end
local now = redis.call('TIME')[1]
if redis.call('ZADD', KEYS[3], 'NX', now, ARGV[1]) == 0 then return 0 end
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -513)
redis.call('PEXPIRE', KEYS[3], ARGV[3])
offset = redis.call('HINCRBY', KEYS[1], 'offset', 1)
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[4], offset .. '-1', 'e', 'activity', 'd', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1
"""
)

# KEYS topic, events; ARGV epoch, offset, most events
AFTER = (
    _LIVING
    + """
if not living then return {} end
local wanted, lost = tonumber(ARGV[2]), ''
if ARGV[1] ~= '' and ARGV[1] ~= epoch then lost = 'epoch' end
if ARGV[1] == epoch then
  if wanted == offset then return {'news', epoch, offset, {}} end
  if wanted < offset then
    local found = redis.call('XRANGE', KEYS[2], (wanted + 1) .. '-1', '+', 'COUNT', ARGV[3])
    if #found > 0 and found[1][1] == (wanted + 1) .. '-1' then return {'news', epoch, offset, found} end
  end
  lost = 'gap'
end
return {'state', epoch, offset, version, redis.call('HGET', KEYS[1], 'state'), lost}
"""
)
