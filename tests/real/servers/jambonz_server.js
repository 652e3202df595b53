// jambonz: the audio endpoint of its own SDK for Node, which keeps to `audio.drachtio.org` where that subprotocol is offered.
// `/echo` says what it hears, `/greet` streams a tone, `/play` has audio played and killed, `/leave` asks to be disconnected.
'use strict';

const fs = require('fs');
const http = require('http');
const path = require('path');
const { createEndpoint } = require('@jambonz/sdk/websocket');

const note = (event, fields) => console.log(JSON.stringify({ event, ...fields }));
const quiet = { info: () => {}, error: () => {}, debug: () => {} };
const server = http.createServer();
const endpoint = createEndpoint({ server, logger: quiet });

for (const script of ['echo', 'greet', 'play', 'leave']) {
  endpoint.audio({ path: `/${script}` }).on('connection', (stream, request) => {
    const id = new URL(request.url, 'ws://any').searchParams.get('case');
    const say = (event, fields) => note(event, { case: id, ...fields });
    const heard = [];
    const frame = (2 * stream.sampleRate) / 50;
    const tone = Buffer.alloc(frame * 20);
    for (let n = 0; n < tone.length / 2; n++) tone.writeInt16LE(Math.round(8192 * Math.sin((2 * Math.PI * 1000 * n) / stream.sampleRate)), 2 * n);
    say('start', { metadata: stream.metadata, offered: request.headers['sec-websocket-protocol'] });
    stream.on('audio', (sound) => {
      heard.push(sound);
      if (script === 'echo') stream.sendAudio(sound);
    });
    stream.on('mark', (mark) => say('mark', { mark }));
    stream.on('playDone', (done) => say('playDone', { done }));
    stream.on('close', (code) => {
      const pcm = path.join(process.argv[2], `jambonz-${id}.pcm`);
      fs.writeFileSync(pcm, Buffer.concat(heard));
      say('close', { code, heard: { frames: heard.length, rate: stream.sampleRate, pcm } });
    });
    setTimeout(() => {
      if (script === 'greet') {
        for (let at = 0; at < tone.length; at += frame) setTimeout(() => stream.sendAudio(tone.subarray(at, at + frame)), (20 * at) / frame);
        setTimeout(() => stream.sendMark('greeting'), 450);
      } else if (script === 'play') {
        stream.playAudio(tone.toString('base64'), { id: 'greeting' });
        setTimeout(() => stream.playAudio(Buffer.concat([tone, tone, tone, tone]).toString('base64'), { id: 'long' }), 600);
        setTimeout(() => stream.killAudio(), 800);
      } else if (script === 'leave') {
        stream.disconnect();
      }
    }, 300);
  });
}

server.listen(0, '127.0.0.1', () => note('listening', { port: server.address().port }));
