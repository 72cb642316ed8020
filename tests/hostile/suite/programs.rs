//! The guest programs of `tests/guests/hostile`, each under its own name. One that no row runs does not compile.
#![deny(dead_code, reason = "a guest that no row runs proves nothing")]

#[path = "../../../host/tests/guests/wat.rs"]
mod modules;

/// A guest program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    /// As its file is called.
    pub(crate) name: &'static str,
    text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/hostile.rs"));

impl Program {
    /// As it is uploaded. A file that begins with `;; once` or `;; repeat N` is a module without a game, with its fields so
    /// often; any other is a game whose worse moments it spells out.
    pub(crate) fn wasm(&self) -> Vec<u8> {
        self.wasm_with("")
    }

    /// With more fields, so that it is another version of the same program.
    pub(crate) fn wasm_with(&self, more: &str) -> Vec<u8> {
        let (first, fields) = self.text.split_once('\n').unwrap();
        let times = match first.strip_prefix(";; repeat ") {
            Some(times) => times.parse().unwrap(),
            None if first == ";; once" => 1,
            None => return modules::module(&format!("{}{more}", self.text)),
        };
        wat::parse_str(format!("(module {})", fields.repeat(times)))
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}
