//! Guests in a few lines of WAT each, made into modules that fit the contract by a common prelude. The host's own tests and
//! those of the whole share this file.

use wit_component::StringEncoding;
use wit_parser::Resolve;

const PRELUDE: &str = include_str!("prelude.wat");
const STATE: &str = include_str!("state.wat");
const IMAGE: &str = include_str!("image.wat");
const CONTRACT: &str = include_str!("../../../wit/0.1/game.wit");

/// A guest from WAT fields: `$on_describe`, `$on_start`, `$on_step`, `$on_save`, `$on_load`, and `$on_alloc` (which
/// may change the address that is given out) where they are defined. The
/// word `state` on the first line asks for the `state` interface, `image` for that one and `image` (`$on_prepare`).
pub(crate) fn module(fields: &str) -> Vec<u8> {
    let asks_for = |word: &str| fields.lines().next().is_some_and(|line| line.trim() == word);
    let prepared = asks_for(";; image");
    let stateful = prepared || asks_for(";; state");
    // Imports come before everything else.
    let (imports, fields): (Vec<&str>, Vec<&str>) = fields.lines().partition(|line| line.starts_with("(import"));
    // The last line may end in a comment.
    let fields = fields.join("\n") + "\n";
    let mut text = format!("{}\n{PRELUDE}", imports.join("\n"));
    let pass = "(param i32) (result i32) (local.get 0)";
    let mut hooks = vec![("$on_describe", ""), ("$on_start", ""), ("$on_step", "(param i32 i32)"), ("$on_alloc", pass)];
    if stateful {
        text.push_str(STATE);
        hooks.extend([("$on_save", ""), ("$on_load", "")]);
    }
    if prepared {
        text.push_str(IMAGE);
        hooks.push(("$on_prepare", ""));
    }
    for (hook, rest) in hooks {
        if !fields.contains(&format!("(func {hook}")) {
            text.push_str(&format!("(func {hook} {rest})\n"));
        }
    }
    let world = if prepared {
        "full"
    } else if stateful {
        "stateful"
    } else {
        "basic"
    };
    embed(&format!("(module {text} {fields})"), world)
}

/// A core module in WAT with the types of one of the contract's worlds.
pub(crate) fn embed(wat: &str, world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}"));
    let mut resolve = Resolve::default();
    let package = resolve.push_str("game.wit", CONTRACT).unwrap();
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}
