//! The server's own pages: start page, playground, the client library. The binary embeds them and hands them over.

use sha2::{Digest, Sha256};

/// A page or a file of one, as it is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SitePage {
    /// Where, such as `/playground/main.js`. A path that ends in `/` is the page of a folder.
    pub path: &'static str,
    /// What.
    pub bytes: &'static [u8],
}

impl SitePage {
    /// By its extension; folders are HTML.
    pub(crate) fn content_type(&self) -> &'static str {
        content_type(if self.path.ends_with('/') { "index.html" } else { self.path })
    }

    /// An entity tag of its bytes.
    pub(crate) fn tag(&self) -> String {
        hex::encode(&Sha256::digest(self.bytes)[..8])
    }
}

/// The type of a file by its extension; text is UTF-8.
pub(crate) fn content_type(path: &str) -> &'static str {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        // The table behind gives browsers types that they run no module with, or knows none.
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "txt" | "md" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => mime_guess::from_ext(extension).first_raw().unwrap_or("application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_the_type_of_their_extension() {
        for (path, of) in [
            ("a/b.js", "text/javascript; charset=utf-8"),
            ("game.wasm", "application/wasm"),
            ("a.png", "image/png"),
            ("a.ogg", "audio/ogg"),
            ("a.unheard-of", "application/octet-stream"),
            ("LICENSE", "application/octet-stream"),
        ] {
            assert_eq!(content_type(path), of, "{path}");
        }
    }
}
