-- wrk script: POST one request over and over. Its argument is a file: header lines, an empty line, the body.
function init(args)
   local file = assert(io.open(args[1], "rb"))
   local head, body = file:read("*a"):match("^(.-)\n\n(.*)$")
   file:close()
   wrk.method = "POST"
   wrk.body = body
   for name, value in head:gmatch("([^:\n]+): ([^\n]*)") do
      wrk.headers[name] = value
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
