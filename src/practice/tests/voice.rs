//! The voice servers as a caller meets them. The hellos are literal JSON from the providers' documentation.

mod calls;
mod faults;
mod lines;
mod ten_minutes;
