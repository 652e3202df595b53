//! The behaviours as a caller meets them: bytes, times, FIN or RST. Real sockets on loopback, real time, wide margins.

mod caller;
mod lines;
mod lookups;
mod rules;
mod tables;
mod voice;
mod webhooks;
