//! Imports and exports by name: what the contract knows, and what to do about the rest.

use stadion_protocol::contract::CompileStage;
use wasmparser::{Parser, Payload};

use super::pipeline::Rejection;

/// The version of the contract that is spoken here.
const CONTRACT: &str = "0.1.0";

/// Interfaces of the contract that a game may import.
const CONTRACT_IMPORTS: [&str; 4] = ["types", "host", "storage", "backend"];

/// WASI interfaces that a game may import; what they give is in `wasi`.
const WASI_IMPORTS: [&str; 20] = [
    "cli/environment",
    "cli/exit",
    "cli/stdin",
    "cli/stdout",
    "cli/stderr",
    "cli/terminal-input",
    "cli/terminal-output",
    "cli/terminal-stdin",
    "cli/terminal-stdout",
    "cli/terminal-stderr",
    "clocks/monotonic-clock",
    "clocks/wall-clock",
    "filesystem/preopens",
    "filesystem/types",
    "io/error",
    "io/poll",
    "io/streams",
    "random/insecure",
    "random/insecure-seed",
    "random/random",
];

/// Checks a component's own imports and exports (not those of what it contains).
pub(super) fn check_component(wasm: &[u8]) -> Result<(), Rejection> {
    let (mut depth, mut exports) = (0usize, Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(Rejection::invalid)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    check_import(import.map_err(Rejection::invalid)?.name.name)?;
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(Rejection::invalid)?.name.name);
                }
            }
            _ => {}
        }
    }
    check_exports(&exports)
}

fn check_import(name: &str) -> Result<(), Rejection> {
    let (path, version) = name.split_once('@').unwrap_or((name, ""));
    if let Some(interface) = path.strip_prefix("stadion:game/") {
        return match (CONTRACT_IMPORTS.contains(&interface), version == CONTRACT) {
            (true, true) => Ok(()),
            (true, false) => Err(unknown(name, &format!("this server speaks version {CONTRACT}: use a matching SDK"))),
            (false, _) => Err(unknown(name, "the contract has host, storage and backend to import")),
        };
    }
    if let Some(interface) = path.strip_prefix("wasi:") {
        let known = WASI_IMPORTS.contains(&interface) || interface.starts_with("sockets/");
        return match (known, version.starts_with("0.2.")) {
            (true, true) => Ok(()),
            (true, false) => Err(unknown(name, "WASI 0.2 is understood: build for the target wasm32-wasip2")),
            (false, _) => Err(unknown(name, wasi_advice(interface))),
        };
    }
    Err(unknown(name, "it is neither the game contract nor WASI: remove the dependency that needs it"))
}

fn wasi_advice(interface: &str) -> &'static str {
    match interface.split('/').next() {
        Some("http") => "a game has no network: use `storage`, or `call` of `backend` to ask your own",
        Some("threads" | "thread-spawn") => "a game runs on one thread: build without threads",
        _ => "a game gets the plain parts of WASI only: remove the dependency that needs it",
    }
}

fn unknown(name: &str, advice: &str) -> Rejection {
    Rejection { stage: CompileStage::Contract, message: format!("unknown import `{name}`: {advice}") }
}

fn check_exports(exports: &[&str]) -> Result<(), Rejection> {
    let wanted = format!("stadion:game/game@{CONTRACT}");
    if exports.contains(&wanted.as_str()) {
        return Ok(());
    }
    let found = exports.iter().take(8).copied().collect::<Vec<_>>().join(", ");
    let found = if found.is_empty() { "nothing".to_owned() } else { found };
    let message = format!(
        "missing export `{wanted}`: the component exports {found}. A game made with the SDK ends with `game!(MyGame);`"
    );
    Err(Rejection { stage: CompileStage::Contract, message })
}

/// Checks what a core module imports, before it is made a component: its interfaces go by the same names.
pub(super) fn check_module(wasm: &[u8]) -> Result<(), Rejection> {
    let mut typed = false;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(Rejection::invalid)? {
            Payload::CustomSection(section) => typed |= section.name().starts_with("component-type"),
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(Rejection::invalid)?;
                    check_core_import(import.module, import.name)?;
                }
            }
            _ => {}
        }
    }
    if typed {
        return Ok(());
    }
    let message =
        "a core module without embedded WIT types: build it with the SDK or wit-bindgen, or make it a component";
    Err(Rejection { stage: CompileStage::Contract, message: message.to_owned() })
}

fn check_core_import(module: &str, name: &str) -> Result<(), Rejection> {
    let advice = match module {
        "wasi_snapshot_preview1" | "wasi_unstable" => "build for wasm32-wasip2 or wasm32-unknown-unknown instead",
        "env" => "a symbol was not resolved at link time: link the library that has it, or remove what needs it",
        _ if module.starts_with("__wbindgen") || module == "wbg" => {
            "wasm-bindgen is for browsers: remove the dependency that uses it (often through `getrandom` or `js-sys`)"
        }
        _ if module.contains(':') || module.starts_with("[export]") || module == "$root" => return Ok(()),
        _ => "only the interfaces of the game contract can be imported",
    };
    Err(unknown(&format!("{module}.{name}"), advice))
}
