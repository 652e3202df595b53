// HTTP/2 only: in the clear, and over TLS. Arguments: certificate chain, key.
'use strict';

const fs = require('node:fs');
const http2 = require('node:http2');

const say = (event, server) => () => console.log(JSON.stringify({ event, port: server.address().port }));

const plain = http2.createServer((_request, response) => response.end('h2'));
plain.listen(0, '127.0.0.1', say('listening', plain));

const [cert, key] = process.argv.slice(2, 4).map((file) => fs.readFileSync(file));
const secure = http2.createSecureServer({ cert, key, allowHTTP1: false }, (_request, response) => response.end('h2'));
secure.listen(0, '127.0.0.1', say('listening-tls', secure));
