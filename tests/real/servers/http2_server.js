// HTTP/2 in the clear, and nothing else.
'use strict';

const http2 = require('node:http2');

const server = http2.createServer((_request, response) => response.end('h2'));
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ event: 'listening', port: server.address().port })));
