-- pool_server: empties the pool of QR codes if it is another server's. A server that took over, or that starts again, may
-- have lost the latest writes. Then codes are in the pool that pages show already, and who scans such a page would be
-- led to the errand of the next page that got the code.

-- Names a server and its time as a primary: a restart changes the name, and a fail-over; '' where INFO is refused.
local function server_id()
  local server, replication = redis.pcall('INFO', 'server'), redis.pcall('INFO', 'replication')
  if type(server) ~= 'string' or type(replication) ~= 'string' then return '' end
  return (string.match(server, 'run_id:(%x+)') or '') .. (string.match(replication, 'master_replid:(%x+)') or '')
end

local function empty_pool_of_another_server()
  local id = server_id()
  if redis.call('GET', K.pool_server) ~= id then redis.call('DEL', K.pool) end
  redis.call('SET', K.pool_server, id, 'PX', 86400000)
end
