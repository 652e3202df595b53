// Fastify with its WebSocket plugin: a good route, one that fails, and an ordinary one.
'use strict';

const fastify = require('fastify')();

fastify.register(require('@fastify/websocket'));
fastify.register(async (app) => {
  app.get('/echo', { websocket: true }, (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
    socket.on('close', (code) => console.log(JSON.stringify({ event: 'close', code })));
  });
  app.get('/throws', { websocket: true }, () => {
    throw new Error('the handler failed');
  });
  app.get('/rejects', { websocket: true }, async () => {
    throw new Error('the handler failed later');
  });
  app.get('/refuses', { websocket: true, preValidation: async (_request, reply) => reply.code(401).send('no token') }, () => {});
  app.get('/page', () => 'an ordinary route');
});

fastify.listen({ host: '127.0.0.1', port: 0 }).then(() => {
  console.log(JSON.stringify({ event: 'listening', port: fastify.server.address().port }));
});
