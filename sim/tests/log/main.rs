//! The log against a model that knows every record and how much of each match was said to be durable: whatever the disk
//! does, what comes back is a prefix of what was appended, no shorter than what was said.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod model;
mod records;
