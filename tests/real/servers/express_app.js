// Express as its documentation has it: routes for HTTP, and nobody who takes upgrades.
'use strict';

const express = require('express');

const app = express();
app.get('/health', (_request, response) => response.send('ok'));
const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ event: 'listening', port: server.address().port }));
});
