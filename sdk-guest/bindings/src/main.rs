//! Writes the SDK's bindings: `stadion-bindings <wit folder> <output folder>`.

use std::path::Path;
use std::{env, fs};

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::{Opts, WithOption};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = env::args().collect();
    let [_, wit, out] = args.as_slice() else { return Err("usage: stadion-bindings <wit folder> <output folder>".into()) };
    for world in ["stateful", "basic"] {
        fs::write(Path::new(out).join(format!("{world}.rs")), generate(wit, world)?)?;
    }
    Ok(())
}

fn generate(wit: &str, world: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit)?;
    let id = resolve.select_world(&[package], Some(world))?;
    let mut files = Files::default();
    options(world).build().generate(&mut resolve, id, &mut files)?;
    let text: Vec<&str> = files.iter().map(|(_, bytes)| std::str::from_utf8(bytes)).collect::<Result<_, _>>()?;
    // Exported macros share one name space: the two worlds must not use the same names.
    let text = text.concat().replace("__export_stadion_game", &format!("__export_{world}_stadion_game"));
    let note = format!("//! The world `{world}` of the contract. Written by sdk-guest/bindings, see its README.md.");
    Ok(format!("{note}\n{text}"))
}

fn options(world: &str) -> Opts {
    let mut options = Opts::default();
    options.generate_all = true;
    options.format = true;
    options.pub_export_macro = true;
    options.export_macro_name = Some(format!("export_{world}"));
    options.default_bindings_module = Some(format!("stadion_sdk::bindings::{world}"));
    options.additional_derive_attributes = vec!["PartialEq".into(), "Eq".into()];
    if world == "basic" {
        options.with = ["types", "host", "storage", "backend"]
            .map(|name| {
                let path = format!("crate::bindings::stateful::stadion::game::{name}");
                (format!("stadion:game/{name}@0.1.0"), WithOption::Path(path))
            })
            .to_vec();
    }
    options
}
