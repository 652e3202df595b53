// A bridge between a phone call and a speech model, in the shape of Twilio's sample for Fastify and the OpenAI Realtime API: audio is
// passed on as it comes, marks tell how far the caller has heard, and what the caller says takes back what the model said.
//
//   node fastify_media.js ws://127.0.0.1:PORT/v1/realtime     the model; `/media-stream/NAME/CASE` opens it as `?model=NAME&case=CASE`
'use strict';

const WebSocket = require('ws');

const model = process.argv[2];
const note = (event, fields) => console.log(JSON.stringify({ event, ...fields }));
const fastify = require('fastify')();

fastify.register(require('@fastify/websocket'));
fastify.register(async (app) => {
  app.get('/media-stream/:name/:case', { websocket: true }, (socket, request) => {
    const call = { sid: null, heard: 0, latest: 0, startedAt: null, item: null, marks: [] };
    const got = {};
    const { name, case: id } = request.params;
    const say = (event, fields) => note(event, { case: id, ...fields });
    say('open', { path: request.url });
    const upstream = new WebSocket(`${model}?model=${name}&case=${id}`, { headers: { Authorization: 'Bearer stand-in' } });
    const toModel = (message) => upstream.readyState === WebSocket.OPEN && upstream.send(JSON.stringify(message));
    const toCall = (event, rest) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify({ event, streamSid: call.sid, ...rest }));

    upstream.on('open', () => {
      const format = { type: 'audio/pcmu' };
      const audio = { input: { format, turn_detection: { type: 'server_vad' } }, output: { format, voice: 'alloy' } };
      toModel({ type: 'session.update', session: { type: 'realtime', output_modalities: ['audio'], audio, instructions: 'Be brief.' } });
    });
    upstream.on('message', (data) => {
      const event = JSON.parse(data);
      if (event.type === 'response.output_audio.delta' && call.sid) {
        toCall('media', { media: { payload: event.delta } });
        call.startedAt ??= call.latest;
        call.item = event.item_id;
        toCall('mark', { mark: { name: 'responsePart' } });
        call.marks.push('responsePart');
      } else if (event.type === 'input_audio_buffer.speech_started' && call.marks.length > 0 && call.startedAt !== null) {
        const audio_end_ms = call.latest - call.startedAt;
        toModel({ type: 'conversation.item.truncate', item_id: call.item, content_index: 0, audio_end_ms });
        toCall('clear', {});
        say('interrupted', { audio_end_ms, marks: call.marks.length });
        call.startedAt = null;
      } else if (event.type === 'error') {
        say('model-error', { error: event.error });
      }
    });
    upstream.on('close', () => socket.close());
    upstream.on('error', (error) => say('model-error', { error: error.message }));

    socket.on('message', (text) => {
      const message = JSON.parse(text);
      got[message.event] = (got[message.event] || 0) + 1;
      if (message.event === 'start') {
        call.sid = message.start.streamSid;
        say('start', { message });
      } else if (message.event === 'media') {
        call.latest = Number(message.media.timestamp);
        toModel({ type: 'input_audio_buffer.append', audio: message.media.payload });
      } else if (message.event === 'mark') {
        call.marks.shift();
      } else if (message.event === 'stop') {
        say('stop', { message });
      }
    });
    socket.on('close', (code) => {
      upstream.close();
      say('close', { code, got, latest: call.latest, unplayed: call.marks.length });
    });
  });
});

fastify.listen({ host: '127.0.0.1', port: 0 }).then(() => note('listening', { port: fastify.server.address().port }));
