//! Guests in C (`tests/guests/c`), with the C library of WASI: clang compiles, the linker and the libraries are those that
//! Rust's target `wasm32-wasip2` brings along.
//!
//! Needs clang and WASI's headers: `apt-get install clang wasi-libc`. Missing, the tests are left out in plain sight; in CI
//! that is an error.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::guest;
use crate::programs::workspace;

/// Where Debian's wasi-libc puts its headers.
const HEADERS: &str = "/usr/include/wasm32-wasi";

/// A guest of the folder as it is uploaded; `None` where it cannot be built.
pub fn wasm(name: &str) -> Option<Vec<u8>> {
    let clang = Command::new("clang").arg("--version").output().is_ok_and(|output| output.status.success());
    let libraries = target_libraries();
    if !clang || !Path::new(HEADERS).is_dir() || !libraries.is_dir() {
        let fix = "apt-get install clang wasi-libc; rustup target add wasm32-wasip2";
        assert!(std::env::var_os("CI").is_none(), "guests in C cannot be built: {fix}");
        eprintln!("skipped: guests in C cannot be built here; to have them: {fix}");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let (object, module) = (folder.path().join("guest.o"), folder.path().join("guest.wasm"));
    let source = workspace().join("tests/guests/c").join(format!("{name}.c"));
    done(
        Command::new("clang")
            .args(["--target=wasm32-wasi", "-O2", "-Wall", "-Werror", "-isystem", HEADERS, "-c", "-o"])
            .arg(&object)
            .arg(source),
    );
    let own = libraries.join("self-contained");
    done(
        Command::new(linker())
            .args(["-flavor", "wasm", "--no-entry", "--gc-sections", "--export=cabi_realloc", "-o"])
            .arg(&module)
            .arg(own.join("crt1-reactor.o"))
            .arg(&object)
            .arg("-L")
            .arg(&own)
            .arg("-lc")
            .args(builtins(&libraries)),
    );
    Some(guest::with_types(std::fs::read(module).unwrap()))
}

fn rustc(args: &[&str]) -> String {
    let output = Command::new("rustc").args(args).current_dir(workspace()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn target_libraries() -> PathBuf {
    rustc(&["--print", "target-libdir", "--target", "wasm32-wasip2"]).into()
}

fn linker() -> PathBuf {
    Path::new(&rustc(&["--print", "target-libdir"])).parent().unwrap().join("bin/rust-lld")
}

/// What a compiler calls for what the machine has no instruction for, such as 128-bit floats.
fn builtins(libraries: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(libraries).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| {
        path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with("libcompiler_builtins") && name.ends_with(".rlib")
        })
    })
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}
