//! The guest of `stadion bench image` is checked in as wasm, so that the program needs no assembler: it must be what its
//! source says. `UPDATE=1` writes it.

use stadion_tests::guest::embed;
use stadion_tests::programs::workspace;

#[test]
fn the_guest_of_the_image_bench_is_what_its_source_says() {
    let folder = workspace().join("benches/src/image");
    let made = embed(&std::fs::read_to_string(folder.join("guest.wat")).unwrap());
    let kept = folder.join("guest.wasm");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&kept, &made).unwrap();
    }
    assert!(
        std::fs::read(kept).is_ok_and(|kept| kept == made),
        "out of date; run this test with UPDATE=1 and commit it"
    );
}
