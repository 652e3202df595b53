// A Socket.IO server: it speaks its own protocol over WebSocket, on its own path.
'use strict';

const { createServer } = require('node:http');
const { Server } = require('socket.io');

const server = createServer((_request, response) => {
  response.writeHead(404);
  response.end('not here');
});
const io = new Server(server);
io.on('connection', (socket) => console.log(JSON.stringify({ event: 'connection', id: socket.id })));
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ event: 'listening', port: server.address().port })));
