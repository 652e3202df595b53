//! Wall-clock time, for time stamps and certificate dates only; durations come from the monotonic clock.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::macros::format_description;

/// A moment of wall-clock time; prints as RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(SystemTime);

impl Timestamp {
    /// The present, as the machine's clock has it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place where wall time enters")]
    pub fn now() -> Self {
        Self(SystemTime::now())
    }

    /// `seconds` after 1970-01-01T00:00:00Z; times before that are taken as that.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Self {
        Self(UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap_or(0)))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_seconds(self) -> f64 {
        self.0.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_millis(self) -> u128 {
        self.0.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()
    }

    /// `self + by`.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0 + by)
    }

    /// The time of day, `10:00:00`, in UTC.
    #[must_use]
    pub fn time_of_day(self) -> String {
        let form = format_description!("[hour]:[minute]:[second]");
        OffsetDateTime::from(self.0).format(form).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = OffsetDateTime::from(self.0);
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second, millisecond) = at.to_hms_milli();
        // Written out: some dialects have a time stamp in every media frame, and this allocates nothing.
        write!(f, "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z", u8::from(month))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_rfc_3339_with_milliseconds() {
        let moment = Timestamp::from_unix_seconds(1_795_168_800).plus(Duration::from_millis(7));
        assert_eq!(moment.to_string(), "2026-11-20T10:00:00.007Z");
        assert_eq!(moment.time_of_day(), "10:00:00");
    }
}
