"""Lua scripts of the event log; Redis runs each of them atomically.

A topic is a hash with its state and a stream with its last events. An epoch ends when the Redis
process ends: after a restart Redis may hold an older state than clients have already received, so
it must not continue the same sequence of versions.
"""

_LOAD_TOPIC = """
local function redis_run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'
end
local stored = redis.call('HMGET', KEYS[1], 'epoch', 'run_id', 'version', 'offset', 'fencing_token')
local exists = stored[1] and stored[2] == redis_run_id()
local epoch = exists and stored[1] or ''
local version = exists and tonumber(stored[3]) or 0
local offset = exists and tonumber(stored[4]) or 0
local stored_token = exists and tonumber(stored[5]) or 0
"""

# KEYS: topic, events, lease of the user. ARGV: max age ms, lease ms, retention ms.
CLAIM_READ = (
    _LOAD_TOPIC
    + """
local max_age, lease, retention = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local read_started = exists and tonumber(redis.call('HGET', KEYS[1], 'read_started') or '0') or 0
if exists then
  redis.call('PEXPIRE', KEYS[1], retention)
  redis.call('PEXPIRE', KEYS[2], retention)
end
if read_started <= now and read_started > now - max_age then
  return {'fresh', 0, 0, epoch, offset}
end
-- A clock that went back, or another machine's, would keep the lease for as long as it differs.
if redis.call('PTTL', KEYS[3]) > tonumber(lease) then redis.call('DEL', KEYS[3]) end
if not redis.call('SET', KEYS[3], '1', 'NX', 'PX', lease) then
  return {'wait', math.max(1, redis.call('PTTL', KEYS[3])), 0, epoch, offset}
end
local token = redis.call('HINCRBY', KEYS[1], 'last_token', 1)
redis.call('HSET', KEYS[1], 'read_started', now)
redis.call('PEXPIRE', KEYS[1], retention)
return {'granted', 0, token, epoch, offset}
"""
)

# KEYS: topic, events. ARGV: expected epoch, expected version, fencing token, epoch to begin, state,
# ids, retention ms, most events, wake-up channel, wake-up message, number of changes, number of
# events, then name and data of each event, then channel and message of each announcement.
PUBLISH = (
    _LOAD_TOPIC
    + """
if epoch ~= ARGV[1] or version ~= tonumber(ARGV[2]) then return 0 end
local token, state, ids, retention = tonumber(ARGV[3]), ARGV[5], ARGV[6], ARGV[7]
if exists and token < stored_token then return 1 end
local changes, events = tonumber(ARGV[11]), tonumber(ARGV[12])
if not exists then
  local last_token = tonumber(redis.call('HGET', KEYS[1], 'last_token') or '0')
  local read_started = redis.call('HGET', KEYS[1], 'read_started') or '0'
  redis.call('DEL', KEYS[1], KEYS[2])
  epoch, version = ARGV[4], 1
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'run_id', redis_run_id())
  redis.call('HSET', KEYS[1], 'read_started', read_started, 'last_token', math.max(last_token, token))
elseif changes > 0 and events == 0 then
  -- The events are too large to store: readers continue with a snapshot.
  version, offset = version + 1, offset + 1
  redis.call('DEL', KEYS[2])
else
  version = version + changes
end
local at = 13
for _ = 1, events do
  offset = offset + 1
  redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[8], offset .. '-1', 'e', ARGV[at], 'd', ARGV[at + 1])
  at = at + 2
end
redis.call('HSET', KEYS[1], 'version', version, 'offset', offset)
redis.call('HSET', KEYS[1], 'fencing_token', token, 'state', state, 'ids', ids)
redis.call('PEXPIRE', KEYS[1], retention)
redis.call('PEXPIRE', KEYS[2], retention)
if changes > 0 or not exists then redis.call('PUBLISH', ARGV[9], ARGV[10]) end
while at < #ARGV do
  redis.call('PUBLISH', ARGV[at], ARGV[at + 1])
  at = at + 2
end
return 1
"""
)

# KEYS: topic, events, digests of activities. ARGV: digest, data, retention ms, most events, wake-up
# channel, wake-up message, then the mentioned ids.
APPEND_ACTIVITY = (
    _LOAD_TOPIC
    + """
if not exists then return 0 end
local digest, data, retention = ARGV[1], ARGV[2], ARGV[3]
local ids = redis.call('HGET', KEYS[1], 'ids') or ''
for at = 7, #ARGV do
  if not string.find(ids, ARGV[at], 1, true) then return 0 end
end
local now = redis.call('TIME')[1]
if redis.call('ZADD', KEYS[3], 'NX', now, digest) == 0 then return 0 end
redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -513)
redis.call('PEXPIRE', KEYS[3], retention)
offset = redis.call('HINCRBY', KEYS[1], 'offset', 1)
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ARGV[4], offset .. '-1', 'e', 'activity', 'd', data)
redis.call('PEXPIRE', KEYS[2], retention)
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1
"""
)

# KEYS: topic, events. ARGV: epoch ('' for none), offset, most events.
READ_AFTER = (
    _LOAD_TOPIC
    + """
if not exists then return {} end
local wanted_epoch, wanted_offset, lost = ARGV[1], tonumber(ARGV[2]), ''
if wanted_epoch ~= '' and wanted_epoch ~= epoch then lost = 'epoch' end
if wanted_epoch == epoch then
  if wanted_offset == offset then return {'events', epoch, offset, {}} end
  if wanted_offset < offset then
    local first = (wanted_offset + 1) .. '-1'
    local events = redis.call('XRANGE', KEYS[2], first, '+', 'COUNT', ARGV[3])
    if #events > 0 and events[1][1] == first then return {'events', epoch, offset, events} end
  end
  lost = 'gap'
end
return {'snapshot', epoch, offset, version, redis.call('HGET', KEYS[1], 'state'), lost}
"""
)
