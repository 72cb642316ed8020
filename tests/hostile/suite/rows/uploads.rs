//! Rows 6, 15 and 16: uploads that are refused, or cost a compiler more than it has.

use std::fmt::Write;

use stadion_tests::Guest;
use stadion_tests::guest::embed;

use super::programs::{
    DECLARES_4_GIB_OF_MEMORY, DECLARES_50000_DATA_SEGMENTS, DECLARES_50000_ELEMENT_SEGMENTS, DECLARES_50000_GLOBALS,
    DECLARES_TEN_MILLION_TABLE_ELEMENTS,
};
use super::{Ended, Stage};

/// The binary format of components: header, sections, component types and what they declare.
const COMPONENT: [u8; 8] = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
const NESTED_COMPONENT: u8 = 4;
const TYPES: u8 = 7;
const COMPONENT_TYPE: u8 = 0x41;
const DECLARES_TYPE: u8 = 0x01;

/// The serving process may grow by this much through any upload; the child alone pays for it.
const GROWTH: u64 = 32 << 20;

pub(super) async fn declares(stage: &mut Stage) -> Vec<Ended> {
    let mut ends = Vec::new();
    for (program, limit) in [
        (&DECLARES_4_GIB_OF_MEMORY, "linear memory"),
        (&DECLARES_TEN_MILLION_TABLE_ELEMENTS, "elements in a table"),
        (&DECLARES_50000_GLOBALS, "globals"),
        (&DECLARES_50000_DATA_SEGMENTS, "data segments"),
        (&DECLARES_50000_ELEMENT_SEGMENTS, "element segments"),
    ] {
        ends.push(stage.refuses(program, &[limit, "at most"]).await);
    }
    ends
}

pub(super) async fn contract(stage: &mut Stage) -> Vec<Ended> {
    let good = Guest::default().wat();
    let with = |before: &str, after: &str| embed(&good.replacen(before, after, 1));
    let component = |text: &str| wat::parse_str(text).unwrap();
    let mut ends = Vec::new();
    for (what, wasm, word) in [
        ("an unknown module", with("(module", "(module (import \"env\" \"now\" (func (result i64)))"), "env"),
        (
            "an unknown function",
            with("(module", "(module (import \"stadion:game/host@0.1.0\" \"warp\" (func))"),
            "warp",
        ),
        ("a wrong signature", with("(param $number i64)", "(param $number i32)"), "step"),
        ("a missing export", with("stadion:game/game@0.1.0#describe", "not-describe"), "describe"),
        (
            "a component with an unknown import",
            component("(component (import \"wasi:http/types@0.2.0\" (instance)))"),
            "wasi:http/types",
        ),
        ("an empty component", component("(component)"), "stadion:game/game"),
    ] {
        ends.push(stage.refuses_bytes(what, wasm, &[word]).await);
    }
    ends
}

/// Each is answered, refused or accepted, within what a child may use; the server does not pay for it.
pub(super) async fn bombs(stage: &mut Stage) -> Vec<Ended> {
    let mut ends = Vec::new();
    for (what, wasm) in [
        ("300,000 functions", bomb(&"(func)".repeat(300_000))),
        ("locals alive around loops", bomb(&locals_in_loops().repeat(16))),
        ("a huge table of branches", bomb(&branches())),
        ("a function of 2 MB", bomb(&long_function())),
        ("components in components", components(2_000)),
        ("types of types", types(20_000)),
    ] {
        let before = stage.server.begin_peak();
        let (status, answer) = stage.api.upload("bomb", wasm).await;
        assert!(status.is_success() || status.is_client_error(), "{what}: {status} {answer}");
        let grown = stage.server.peak().saturating_sub(before);
        assert!(grown < GROWTH, "{what}: the server grew by {grown} bytes");
        let kind = answer["stage"].as_str().map_or("accepted".to_owned(), |stage| format!("refused: {stage}"));
        ends.push(Ended::refused(kind));
    }
    ends
}

/// A game with more functions.
fn bomb(functions: &str) -> Vec<u8> {
    embed(&Guest::default().wat().replacen("(global $arena", &format!("{functions} (global $arena"), 1))
}

/// Every loop keeps every local alive around its back edge.
fn locals_in_loops() -> String {
    const LOCALS: usize = 4_000;
    let mut body = format!("(func (local {})", "i64 ".repeat(LOCALS));
    for local in 0..LOCALS {
        let other = (local * 7 + 1) % LOCALS;
        write!(body, "(loop (local.set {local} (i64.add (local.get {local}) (local.get {other})))").unwrap();
        if local % 8 == 7 {
            body.push_str(&"(br_if 0 (i32.wrap_i64 (local.get 0))))".repeat(8));
        }
    }
    body.push(')');
    body
}

fn branches() -> String {
    let blocks = 2_000;
    let targets: String = (0..60_000).map(|target| format!("{} ", target % blocks)).collect();
    let (begins, ends) = ("(block ".repeat(blocks), ")".repeat(blocks));
    format!("(func (param i32) {begins} (br_table {targets} 0 (local.get 0)) {ends})")
}

fn long_function() -> String {
    let body = "(local.set 0 (i64.add (i64.mul (local.get 0) (i64.const 0x123456789)) (i64.const 77)))".repeat(140_000);
    format!("(func (param i64) {body})")
}

/// Components in components, as deep as nobody can write them: the text format has a limit of its own.
fn components(depth: usize) -> Vec<u8> {
    (0..depth).fold(component(&[]), |inner, _| component(&section(NESTED_COMPONENT, &inner)))
}

/// A component whose one type is that of a component with one type, and so on.
fn types(depth: usize) -> Vec<u8> {
    let empty = vec![COMPONENT_TYPE, 0];
    let nested = (0..depth).fold(empty, |inner, _| [&[COMPONENT_TYPE, 1, DECLARES_TYPE][..], &inner].concat());
    component(&section(TYPES, &[&[1][..], &nested].concat()))
}

fn component(sections: &[u8]) -> Vec<u8> {
    [&COMPONENT[..], sections].concat()
}

/// A section: its id, its length as LEB128, and what is in it.
fn section(id: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![id];
    let mut left = data.len();
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
    [out, data.to_vec()].concat()
}
