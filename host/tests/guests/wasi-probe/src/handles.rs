//! Tricks with handles of WASI's resources, by its imports themselves: no library would do that.

#[link(wasm_import_module = "wasi:cli/stdout@0.2.4")]
unsafe extern "C" {
    #[link_name = "get-stdout"]
    fn get_stdout() -> i32;
}

#[link(wasm_import_module = "wasi:io/streams@0.2.4")]
unsafe extern "C" {
    #[link_name = "[resource-drop]output-stream"]
    fn drop_stream(handle: i32);
}

/// More than any table of handles may hold.
const MANY: u32 = 10_000_000;

/// Drops a handle that it made up.
pub fn forge() {
    // SAFETY: the import takes any number; what comes of it is the host's to decide.
    unsafe { drop_stream(123_456) }
}

/// Drops a handle that is gone.
pub fn drop_twice() {
    // SAFETY: as above.
    unsafe {
        let stream = get_stdout();
        drop_stream(stream);
        drop_stream(stream);
    }
}

/// Asks for handles for ever and gives none back.
pub fn leak() {
    for _ in 0..MANY {
        // SAFETY: as above.
        unsafe { get_stdout() };
    }
}
