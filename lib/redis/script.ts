/**
 * The Lua script that keeps the bucket: one key, the server's clock, everything at once or nothing.
 */

/**
 * `KEYS[1]` holds "tokens updated unproven sequence": a string, so that one SET writes it whole and anybody can read it.
 *
 * Arguments: 1 most tokens, 2 tokens per millisecond, 3 tokens to deposit, 4 proof to deposit (see `maxTimeoutTokens`),
 * 5 whether to take one, 6 how many unproven ones there may be then (negative: does not matter), 7 the server's time in
 * milliseconds from which on the sender no longer waits (0: unknown), 8 the highest sequence number the sender has seen,
 * 9 the tokens there can be at most, by what it saw then.
 *
 * Answers "granted tokens sequence time": 1 granted, 0 not, -1 it came too late and nothing was done.
 */
export const SCRIPT = `local clock = redis.call('TIME')
local now = clock[1] * 1000 + clock[2] / 1000
local most, perMs = tonumber(ARGV[1]), tonumber(ARGV[2])
local deadline = tonumber(ARGV[7])
if deadline > 0 and now > deadline then return string.format('-1 0 0 %.17g', now) end

-- What is there; a bucket nobody has used for long is full.
local stored = redis.call('GET', KEYS[1])
local tokens, unproven, sequence = most, 0, 0
if stored then
  local part = '([%d.e+-]+)'
  local held, updated, owed, count = string.match(stored, '^' .. part .. ' ' .. part .. ' ' .. part .. ' (%d+)$')
  if not held then return redis.error_reply('WRONGTYPE ' .. KEYS[1] .. ' holds something else than a retry budget') end
  tokens = math.min(most, held + math.max(0, now - updated) * perMs)
  unproven, sequence = tonumber(owed), tonumber(count)
end

-- Redis lost writes that the sender has seen (a restart, a failover, FLUSHALL): not more than by that.
if sequence < tonumber(ARGV[8]) then
  tokens, sequence = math.min(tokens, ARGV[9]), tonumber(ARGV[8])
end

tokens = math.min(most, tokens + ARGV[3])
unproven = math.max(0, unproven - ARGV[4])
local granted, limit = 0, tonumber(ARGV[6])
if ARGV[5] == '1' and tokens >= 1 - 1e-9 and (limit < 0 or unproven + 1 <= limit + 1e-9) then
  granted, tokens = 1, math.max(0, tokens - 1)
  if limit >= 0 then unproven = unproven + 1 end
end

sequence = sequence + 1
local state = string.format('%.17g %.17g %.17g %.0f', tokens, now, unproven, sequence)
-- Untouched for as long as an empty bucket takes to fill, it is full, which is what no key means.
local lifetime = perMs > 0 and math.ceil(most / perMs) or math.huge
if lifetime < 9e15 then
  redis.call('SET', KEYS[1], state, 'PX', string.format('%.0f', lifetime))
else
  redis.call('SET', KEYS[1], state)
end
return string.format('%d %.17g %.0f %.17g', granted, tokens, sequence, now)
`;

/** The script's SHA-1, by which EVALSHA names it; written down, since not every runtime has one to compute it at once. */
export const SCRIPT_SHA = 'a7b4085fabb222ec5b14f0d271122ce674babbc3';
