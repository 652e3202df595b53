//! What only the kernel knows: `TCP_INFO`, and whether the machine slept.
//!
//! The one module with `unsafe`. `getsockopt(TCP_INFO)` has no safe wrapper in the crates that we use; the call reads into a zeroed
//! plain-data struct whose size we pass, and only fields below the length that the kernel returns are trusted, since older
//! kernels know fewer. Elsewhere than on Linux there is no answer, and callers get `None`.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::hold::PathSample;

/// One look at the connection's counters.
#[cfg(target_os = "linux")]
pub(crate) fn path_sample(stream: &TcpStream) -> Option<PathSample> {
    use std::mem::{offset_of, size_of};

    let (info, length) = tcp_info(stream)?;
    let has = |offset: usize, size: usize| length >= offset + size;
    let send_window = has(offset_of!(libc::tcp_info, tcpi_snd_wnd), size_of::<u32>()).then_some(info.tcpi_snd_wnd);
    let needless = has(offset_of!(libc::tcp_info, tcpi_dsack_dups), size_of::<u32>()).then_some(info.tcpi_dsack_dups);
    let segments = has(offset_of!(libc::tcp_info, tcpi_data_segs_out), size_of::<u32>()).then_some(info.tcpi_data_segs_out);
    let acknowledged = has(offset_of!(libc::tcp_info, tcpi_bytes_acked), size_of::<u64>()).then_some(info.tcpi_bytes_acked);
    Some(PathSample {
        unacknowledged: info.tcpi_unacked,
        retransmits: u32::from(info.tcpi_retransmits),
        total_retransmits: info.tcpi_total_retrans.saturating_sub(needless.unwrap_or(0)),
        segments_sent: segments.unwrap_or(0),
        last_ack: Duration::from_millis(u64::from(info.tcpi_last_ack_recv)),
        rtt: Duration::from_micros(u64::from(info.tcpi_rtt)),
        send_window,
        bytes_acknowledged: acknowledged,
    })
}

/// One look at the connection's counters: not to be had on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn path_sample(_stream: &TcpStream) -> Option<PathSample> {
    None
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no safe wrapper for TCP_INFO exists; see the module's argument")]
fn tcp_info(stream: &TcpStream) -> Option<(libc::tcp_info, usize)> {
    use std::os::fd::AsRawFd;

    let mut length = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).ok()?;
    // SAFETY: `tcp_info` is plain integers, for which all zeroes is a value; the descriptor is open as long as `stream` is borrowed;
    // the kernel writes at most `length` bytes, which is the size of the struct.
    let (info, result) = unsafe {
        let mut info: libc::tcp_info = std::mem::zeroed();
        let target = (&raw mut info).cast::<libc::c_void>();
        let result = libc::getsockopt(stream.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, target, &raw mut length);
        (info, result)
    };
    (result == 0).then_some((info, length as usize))
}

/// How long the machine has slept since it was started: the monotonic clock stands still in suspend, the boot clock does not
/// (`clock_gettime(2)`).
#[cfg(target_os = "linux")]
pub(crate) fn time_suspended() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let read = |clock| {
        let time = clock_gettime(clock);
        Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
    };
    read(ClockId::Boottime).saturating_sub(read(ClockId::Monotonic))
}

/// How long the machine has slept: not to be had on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn time_suspended() -> Duration {
    Duration::ZERO
}
