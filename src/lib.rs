//! sidetone dials voice WebSocket endpoints the way a telephony provider does, holds the line, and says at which step it broke,
//! why, whose fault it is and what to do.
//!
//! The map, in reading order; each layer knows nothing of the ones below it in this list (`tests/it/tidy.rs` keeps the arrows).
//!
//! | layer | modules |
//! |---|---|
//! | words | [`outcome`] · [`text`] · [`secret`] · [`wall`] · [`audio`] · [`signature`] · [`report`] |
//! | rules | [`dialect`] · [`monitor`] · [`webhook`] · [`hold`] · [`verdict`] · [`diagnosis`] · [`schedule`] · [`standing`] |
//! | edges | [`lag`] · [`config`] · [`probe`] |
//! | memory | [`history`] · [`metrics`] |
//! | running | [`supervisor`] · [`http`] |
//! | entry | [`telemetry`] · [`daemon`] · [`prober`] · [`control_line`] · [`practice`] · [`cli`] |

pub mod audio;
pub mod cli;
pub mod config;
pub mod control_line;
pub mod daemon;
pub mod diagnosis;
pub mod dialect;
pub mod discovery;
pub mod fleet;
pub mod history;
pub mod hold;
pub mod http;
pub mod lag;
pub mod metrics;
pub mod monitor;
pub mod outcome;
pub mod practice;
pub mod probe;
pub mod prober;
pub mod report;
pub mod schedule;
pub mod secret;
pub mod signature;
pub mod standing;
pub mod supervisor;
pub mod telemetry;
pub mod text;
pub mod verdict;
pub mod wall;
pub mod webhook;
