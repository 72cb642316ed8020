//! The server's own pages, embedded: the start page, the playground, the API's reference, the client library for pages.

use stadion_control_plane::SitePage;

/// Every page, by its path.
pub(crate) static PAGES: &[SitePage] = include!(concat!(env!("OUT_DIR"), "/site_pages.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_of_the_api_needs_no_other_host_and_nothing_inline() {
        let pages: Vec<&SitePage> = PAGES.iter().filter(|page| page.path.starts_with("/docs/api/")).collect();
        let paths: Vec<&str> = pages.iter().map(|page| page.path).collect();
        assert_eq!(paths, ["/docs/api/", "/docs/api/reference.css", "/docs/api/reference.js"]);
        for page in pages {
            let text = std::str::from_utf8(page.bytes).unwrap();
            for outside in ["http://", "https://", "//cdn", "@import", "style=", "onclick=", "eval(", "innerHTML"] {
                assert!(!text.contains(outside), "{}: {outside}", page.path);
            }
            assert!(!text.contains("<script>") && !text.contains("<style>"), "{}", page.path);
        }
    }
}
