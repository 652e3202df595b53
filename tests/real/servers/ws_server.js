// Node `ws` servers, one behaviour for each path. Writes one JSON line for each event; the first is `listening` with the port.
'use strict';

const http = require('node:http');
const { WebSocketServer } = require('ws');

const say = (event, fields = {}) => console.log(JSON.stringify({ event, ...fields }));

const echo = (ws) => ws.on('message', (data, binary) => ws.send(data, { binary }));
const nothing = () => {};
/** Lines that read nothing, and so do not notice their end; `GET /release` lets them go. */
const stuck = [];
const onMessage = (count, act) => (ws) => {
  let left = count;
  ws.on('message', () => {
    left -= 1;
    if (left === 0) act(ws);
  });
};

/** path → [what a connection does, options of the WebSocketServer] */
const behaviours = {
  '/echo': [echo],
  '/mute': [nothing],
  '/greet': [(ws) => ws.send('{"type":"session.created"}')],
  '/terminate': [onMessage(1, (ws) => ws.terminate())],
  // What a process does that gives up with the caller's audio in its socket. `pause` would go on reading into Node's own buffer.
  '/terminate-unread': [
    (ws) => {
      ws._socket._handle.readStop();
      setTimeout(() => ws.terminate(), 500);
    },
  ],
  '/reset': [onMessage(1, (ws) => ws._socket.resetAndDestroy())],
  '/throw': [
    onMessage(1, () => {
      throw new Error('the handler failed');
    }),
  ],
  '/close-without-code': [onMessage(1, (ws) => ws.close())],
  '/stuck': [
    (ws) => {
      ws._socket._handle.readStop();
      stuck.push(ws);
    },
  ],
  '/flood': [
    (ws) => {
      for (let n = 0; n < 5000; n += 1) ws.send('x');
    },
  ],
  '/big-message': [(ws) => ws.send(Buffer.alloc(6 << 20))],
  '/ping': [(ws) => setInterval(() => ws.ping(), 100).unref()],
  '/no-pong': [nothing, { autoPong: false }],
  '/deflate': [echo, { perMessageDeflate: { threshold: 0 } }],
  '/small': [echo, { maxPayload: 100 }],
  '/refuse': [nothing, { verifyClient: (_info, done) => done(false, 401, 'Unauthorized') }],
  '/refuse-by-default': [nothing, { verifyClient: () => false }],
  '/choose': [nothing, { handleProtocols: (offered) => (offered.has('voice.v2') ? 'voice.v2' : false) }],
  '/choose-another': [nothing, { handleProtocols: () => 'voice.v9' }],
};

const close = /^\/close\/(\d+)\/?(.*)$/;

function behaviour(path) {
  if (behaviours[path]) return behaviours[path];
  const asked = close.exec(path);
  if (!asked) return null;
  const [code, reason] = [Number(asked[1]), decodeURIComponent(asked[2])];
  return [(ws) => setTimeout(() => ws.close(code, reason), 300)];
}

const server = http.createServer((request, response) => {
  const known = request.url === '/release';
  if (known) stuck.splice(0).forEach((ws) => ws.terminate());
  response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain' });
  response.end(known ? 'released\n' : `Cannot GET ${request.url}\n`);
});

server.on('upgrade', (request, socket, head) => {
  const path = request.url.split('?')[0];
  const found = behaviour(path);
  if (!found) {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  const [connected, options] = found;
  const acceptor = new WebSocketServer({ noServer: true, ...options });
  acceptor.handleUpgrade(request, socket, head, (ws) => {
    say('open', { path, http: request.httpVersion, extensions: ws.extensions, protocol: ws.protocol });
    ws.on('error', (error) => say('error', { path, message: error.message }));
    ws.on('close', (code, reason) => say('close', { path, code, reason: reason.toString() }));
    connected(ws);
  });
});

const host = process.argv[2] || '127.0.0.1';
server.listen(Number(process.argv[3] || 0), host, () => say('listening', { port: server.address().port }));

// What `new WebSocketServer({ port })` makes: it answers plain requests by itself.
const alone = new WebSocketServer({ host, port: 0 }, () => say('listening-alone', { port: alone.address().port }));
alone.on('connection', echo);
