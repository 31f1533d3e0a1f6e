import { createServer } from 'node:http';

/** The least a JSON endpoint on Node can do: read, parse, answer. */
const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const event = JSON.parse(Buffer.concat(chunks).toString());
    const body = JSON.stringify({ status: 'queued', event_id: event.event_id });
    response
      .writeHead(202, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
      .end(body);
  });
});

process.on('SIGINT', () => undefined); // Ctrl-C is the benchmark's to handle
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send({ answer: server.address().port }));
