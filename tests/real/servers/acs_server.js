// Azure Communication Services: a media-streaming server on `ws` that reads and writes with the Node SDK's own models.
// `/echo` says what it hears, `/greet` speaks by itself, `/stop` speaks and then takes it back.
'use strict';

const { StreamingData, createOutboundAudioData, createOutboundStopAudioData } = require('@azure/communication-call-automation');
const fs = require('fs');
const path = require('path');
const { WebSocketServer } = require('ws');

const note = (event, fields) => console.log(JSON.stringify({ event, ...fields }));
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

server.on('listening', () => note('listening', { port: server.address().port }));
server.on('connection', (socket, request) => {
  const [script, id] = request.url.slice(1).split('/');
  const say = (event, fields) => note(event, { case: id, ...fields });
  const headers = Object.keys(request.headers).filter((name) => !name.startsWith('sec-websocket'));
  say('open', { path: request.url, headers });
  const got = {};
  const heard = [];
  let said = 0;
  let rate = 16000;
  const speak = (sound) => {
    said += 1;
    socket.send(createOutboundAudioData(sound.toString('base64')));
  };
  const tone = (samples) => {
    const sound = Buffer.alloc(samples * 2);
    for (let n = 0; n < samples; n++) sound.writeInt16LE(Math.round(8192 * Math.sin((2 * Math.PI * 1000 * n) / rate)), 2 * n);
    return sound;
  };
  socket.on('message', (data, binary) => {
    const kind = binary ? 'binary' : JSON.parse(data).kind;
    got[kind] = (got[kind] || 0) + 1;
    let read;
    try {
      read = StreamingData.parse(binary ? data : data.toString());
    } catch (error) {
      say('refused', { error: error.message, text: data.toString().slice(0, 300) });
      return;
    }
    if (StreamingData.getStreamingKind() === 'AudioMetadata') {
      rate = read.sampleRate;
      say('start', { metadata: read, raw: JSON.parse(data) });
      if (script !== 'echo') setTimeout(() => speak(tone(rate * 0.4)), 300);
      if (script === 'stop') setTimeout(() => socket.send(createOutboundStopAudioData()), 500);
    } else if (StreamingData.getStreamingKind() === 'AudioData') {
      const sound = Buffer.from(read.data, 'base64');
      if (heard.length === 0) say('first', { timestamp: read.timestamp, silent: read.isSilent, participant: read.participant });
      heard.push(sound);
      if (script === 'echo') speak(sound);
    }
  });
  socket.on('close', (code) => {
    const pcm = path.join(process.argv[2], `acs-${id}.pcm`);
    fs.writeFileSync(pcm, Buffer.concat(heard));
    say('close', { code, got, said, heard: { frames: heard.length, rate, pcm } });
  });
});
