//! sidetone dials voice WebSocket endpoints the way a telephony provider does, holds the line, and says at which step it broke,
//! why, whose fault it is and what to do.
//!
//! The map, in reading order; each layer knows nothing of the ones below it in this list.
//!
//! | layer | modules |
//! |---|---|
//! | words | [`outcome`] · [`text`] · [`secret`] · [`wall`] · [`audio`] · [`report`] |
//! | rules | [`dialect`] · [`monitor`] · [`schedule`] · [`standing`] |
//! | edges | [`lag`] |
//! | memory | [`metrics`] · [`history`] |
//! | running | [`supervisor`] · [`http`] |
//! | entry | [`daemon`] · [`telemetry`] |

pub mod audio;
pub mod daemon;
pub mod dialect;
pub mod history;
pub mod http;
pub mod lag;
pub mod metrics;
pub mod monitor;
pub mod outcome;
pub mod report;
pub mod schedule;
pub mod secret;
pub mod standing;
pub mod supervisor;
pub mod telemetry;
pub mod text;
pub mod wall;
