// An Express server for Twilio's voice webhook and its stream, with the `twilio` package: `webhook()` in front, `VoiceResponse` behind, `ws`
// for the stream. With the argument `trust` it takes scheme and address of the request from the proxy's headers.
//
// `/voice/{base}/{case}` answers with TwiML; `base` is where the stream's URL comes from: `public` (the setting PUBLIC_URL), `unset` (the same
// setting under a name that nobody set), `request` (scheme and host of the request). `/media/{case}` is the stream.
'use strict';

const http = require('node:http');
const express = require('express');
const twilio = require('twilio');
const { WebSocketServer } = require('ws');

const say = (event, fields = {}) => console.log(JSON.stringify({ event, ...fields }));

const bases = {
  public: () => `${process.env.PUBLIC_URL.replace('https://', 'wss://')}`,
  unset: () => `wss://${process.env.PUBLIC_HOST}`,
  request: (request) => `${request.protocol.replace('http', 'ws')}://${request.get('host')}`,
};

const app = express();
app.set('trust proxy', process.argv[2] === 'trust' ? 'loopback' : false);
app.use(express.urlencoded({ extended: false }));
// What the package asks for where a body is not a form: the text, for its hash.
app.use(express.json({ verify: (request, _response, body) => Object.assign(request, { rawBody: body.toString() }) }));
app.use((request, response, next) => {
  response.on('finish', () => {
    const [status, id] = [response.statusCode, request.originalUrl.split('?')[0].split('/').pop()];
    say('webhook', { case: id, status, url: `${request.protocol}://${request.get('host')}${request.originalUrl}` });
  });
  next();
});

app.post('/voice/:base/:case', twilio.webhook(), (request, response) => {
  const answer = new twilio.twiml.VoiceResponse();
  const stream = answer.connect().stream({ url: `${bases[request.params.base](request)}/media/${request.params.case}`, name: 'front desk' });
  stream.parameter({ name: 'agent', value: 'front <desk> & "co"' });
  stream.parameter({ name: 'caller', value: request.body.From });
  response.type('text/xml').send(answer.toString());
});

const server = http.createServer(app);
const acceptor = new WebSocketServer({ noServer: true });
server.on('upgrade', (request, socket, head) => {
  if (!request.url.startsWith('/media/')) {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  acceptor.handleUpgrade(request, socket, head, (ws) => {
    const id = request.url.split('/').pop();
    ws.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.event === 'start') say('start', { case: id, parameters: message.start.customParameters });
      if (message.event === 'stop') ws.close();
    });
    ws.on('close', (code) => say('close', { case: id, code }));
  });
});
server.listen(0, '127.0.0.1', () => say('listening', { port: server.address().port }));
