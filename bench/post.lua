-- wrk script: POST over and over. Its argument is a file: header lines, an empty line, one body a line. Several bodies
-- are sent in turn; all requests are made beforehand, so that a varied one costs the client no more than an equal one.
function init(args)
   local file = assert(io.open(args[1], "rb"))
   local head, rest = file:read("*a"):match("^(.-)\n\n(.*)$")
   file:close()
   wrk.method = "POST"
   for name, value in head:gmatch("([^:\n]+): ([^\n]*)") do
      wrk.headers[name] = value
   end
   local requests = {}
   for body in rest:gmatch("[^\n]+") do
      wrk.body = body
      requests[#requests + 1] = wrk.format()
   end
   if #requests > 1 then
      local place = 0
      request = function()
         place = place % #requests + 1
         return requests[place]
      end
   end
end

-- One line for the harness, times in microseconds. `status` counts answers above 399.
function done(summary, latency)
   local errors = summary.errors
   print(string.format(
      'RESULT {"requests":%d,"microseconds":%d,"p50":%f,"p99":%f,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
      errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
