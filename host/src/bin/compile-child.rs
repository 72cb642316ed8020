//! The compile child as a program of its own, for this crate's tests. `stadion compile-child` is the same.

fn main() -> std::process::ExitCode {
    stadion_host::compile::child_main()
}
