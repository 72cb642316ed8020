//! A guest in C, with the C library of WASI, that prints.

use stadion_tests::c_guest;

use crate::manners::{a_hundred_generations, always_the_same};
use crate::run::Subject;

fn subject() -> Option<Subject> {
    Some(Subject { wasm: c_guest::wasm("prints")?, parameters: String::new() })
}

#[test]
fn every_run_is_the_same() {
    if let Some(subject) = subject() {
        always_the_same("C", &subject, 100);
    }
}

#[test]
fn a_hundred_generations_are_one_session() {
    if let Some(subject) = subject() {
        a_hundred_generations("C", &subject);
    }
}
