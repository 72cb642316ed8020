//! The engine as hosts use it: guests from WAT and Rust on real sessions, hostile ones among them, and uploads on their
//! way through the compile child.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests look at the clock and talk to people")]

mod child;
#[path = "../guests/mod.rs"]
mod guests;
mod hostile;
mod images;
mod layouts;
mod requests;
mod sessions;
mod uploads;
mod wasi;

/// A guest that no test runs proves nothing.
#[test]
fn every_guest_program_is_run_by_a_test() {
    let tests = [
        include_str!("child.rs"),
        include_str!("hostile.rs"),
        include_str!("images.rs"),
        include_str!("sessions.rs"),
        include_str!("uploads.rs"),
        include_str!("wasi.rs"),
    ]
    .concat();
    for entry in std::fs::read_dir(guests::folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(guest) = name.strip_suffix(".wat").filter(|name| !["image", "prelude", "state"].contains(name)) else {
            continue;
        };
        assert!(tests.contains(&format!("\"{guest}\"")), "{name} is not run by any test");
    }
}
